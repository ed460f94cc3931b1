use std::io::{BufRead, Write};
fn main() {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for l in std::io::stdin().lock().lines() {
        let l = l.unwrap();
        let b: Vec<u8> = (0..l.len() / 2).map(|i| u8::from_str_radix(&l[2 * i..2 * i + 2], 16).unwrap()).collect();
        let (t, n) = gowhy_disasm::x86::go_syntax(&b, 0x100000, &|_| None);
        writeln!(out, "{n}\t{t}").unwrap();
    }
}
