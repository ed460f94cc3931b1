use std::collections::BTreeMap;
use std::io::BufRead;
fn main() {
    let go = std::fs::read_to_string(std::env::args().nth(1).unwrap()).unwrap();
    let mut m: BTreeMap<String, (u64, u64, String)> = BTreeMap::new();
    for (l, g) in std::io::stdin().lock().lines().zip(go.lines()) {
        let l = l.unwrap();
        let b: Vec<u8> = (0..l.len() / 2).map(|i| u8::from_str_radix(&l[2 * i..2 * i + 2], 16).unwrap()).collect();
        let mut d = iced_x86::Decoder::with_ip(64, &b, 0, 1);
        let i = d.decode();
        if i.is_invalid() { continue; }
        let k = format!("{:?} {:?} {:?}", i.code().op_code().encoding(), i.cpuid_features(), i.code());
        let e = m.entry(k).or_default();
        if g.ends_with("\t?") { e.0 += 1; e.2 = l } else { e.1 += 1 }
    }
    for (k, (unk, known, ex)) in m { println!("{unk} {known} {k} {ex}"); }
}
