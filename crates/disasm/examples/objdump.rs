use std::io::Write;
fn main() {
    let data = std::fs::read(std::env::args().nth(1).unwrap()).unwrap();
    let p = gowhy_disasm::Program::parse(std::sync::Arc::new(data.clone())).unwrap();
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let base = |f: &str| f.rsplit('/').next().unwrap_or("").to_owned();
    let mut first = true;
    for s in p.symbols() {
        if !s.is_code || s.size == 0 || ["runtime.text", "runtime.etext"].contains(&&*s.name) { continue; }
        let ins = p.instructions(s.addr, s.addr + s.size, gowhy_disasm::Syntax::Go).unwrap();
        if !first { writeln!(out).unwrap(); }
        first = false;
        writeln!(out, "TEXT {}(SB) {}", s.name, ins.first().map_or("", |i| &i.file)).unwrap();
        for i in ins {
            writeln!(out, "{}:{}\t{:#x}\t{}\t{}", base(&i.file), i.line, i.addr, i.len, i.text).unwrap();
        }
    }
}
