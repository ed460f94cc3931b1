//! The text of every view of one small profile, as `go tool pprof` prints it.

use std::io;
use std::path::Path;

use gowhy_report::options::{Granularity, Options};
use gowhy_report::pipeline::prepare;
use gowhy_report::source::{Finder, SourceFiles};
use gowhy_report::time::Utc;
use gowhy_report::{Shown, View};
use profile::{Builder, Line, Mapping, Profile};

/// A shop: `main` serves orders, which are encoded (`quote` is inlined into `encode`) and hashed
/// (`hash` calls itself).
fn shop() -> Profile {
    let mut b = Builder::new(&[("samples", "count"), ("cpu", "nanoseconds")]);
    let p = b.profile_mut();
    p.time_nanos = 1_700_000_000_500_000_000;
    p.duration_nanos = 10_000_000_000;
    p.period = 10_000_000;
    p.period_type = p.sample_types[1];
    let comment = b.intern("from the shop");
    b.profile_mut().comments.push(comment);
    let file = b.intern("/srv/shop");
    let shop = b.mapping(Mapping {
        start: 0x400000,
        limit: 0x500000,
        file,
        has_functions: true,
        ..Default::default()
    });
    let mut location = |address, frames: &[(&str, i64)]| {
        let lines: Vec<Line> = frames
            .iter()
            .map(|&(name, line)| Line {
                function: Some(b.function(name, "/src/shop/main.go", line / 10 * 10)),
                line,
                column: 0,
            })
            .collect();
        b.location(Some(shop), address, &lines)
    };
    let main = location(0x400010, &[("main.main", 11)]);
    let serve = location(0x400020, &[("main.(*shop).serve", 22)]);
    let quote = location(0x400030, &[("main.quote", 43), ("main.encode", 35)]);
    let encode = location(0x400040, &[("main.encode", 36)]);
    let hash = location(0x400050, &[("main.hash", 52)]);
    let idle = location(0x400060, &[("main.idle", 61)]);
    let order = b.label("path", "/order");
    let list = b.label("path", "/list");
    for (stack, count, label) in [
        (&[quote, serve, main][..], 30, Some(order)),
        (&[encode, serve, main], 20, Some(order)),
        (&[hash, hash, serve, main], 25, Some(list)),
        (&[serve, main], 4, None),
        (&[idle], 1, None),
    ] {
        b.sample(stack, &[count, count * 10_000_000], label.as_slice());
    }
    b.finish()
}

struct Source;

impl SourceFiles for Source {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        match path.to_str() {
            Some("/src/shop/main.go") => Ok((1..100)
                .map(|n| format!("line {n}\n"))
                .collect::<String>()
                .into_bytes()),
            _ => Err(io::ErrorKind::NotFound.into()),
        }
    }
}

fn text(view: View, options: Options) -> String {
    let prepared = prepare(shop(), &options, &view, &Utc).expect("the options make sense");
    assert_eq!(prepared.notices, [""; 0]);
    let mut finder = Finder::new(&Source, "/home", "");
    let shown = Shown::new(&prepared.report, &view, &mut finder).expect("there is something");
    let mut out = Vec::new();
    shown.write(&mut out).expect("memory takes everything");
    String::from_utf8(out).expect("it is text")
}

fn check(view: View, options: Options, expect: &str) {
    let text = text(view, options);
    assert_eq!(text, expect.trim_start_matches('\n'), "\n{text}");
}

#[test]
fn top() {
    check(
        View::Top,
        Options::default(),
        r"
File: shop
from the shop
Type: cpu
Time: 2023-11-14 22:13:20 UTC
Duration: 10s, Total samples = 800ms ( 8.00%)
Showing nodes accounting for 800ms, 100% of 800ms total
      flat  flat%   sum%        cum   cum%
     300ms 37.50% 37.50%      300ms 37.50%  main.quote (inline)
     250ms 31.25% 68.75%      250ms 31.25%  main.hash
     200ms 25.00% 93.75%      500ms 62.50%  main.encode
      40ms  5.00% 98.75%      790ms 98.75%  main.(*shop).serve
      10ms  1.25%   100%       10ms  1.25%  main.idle
         0     0%   100%      790ms 98.75%  main.main
",
    );
}

#[test]
fn tree() {
    check(
        View::Tree,
        Options::default(),
        r"
File: shop
from the shop
Type: cpu
Time: 2023-11-14 22:13:20 UTC
Duration: 10s, Total samples = 800ms ( 8.00%)
Showing nodes accounting for 800ms, 100% of 800ms total
----------------------------------------------------------+-------------
      flat  flat%   sum%        cum   cum%   calls calls% + context 	 	 
----------------------------------------------------------+-------------
                                             300ms   100% |   main.encode (inline)
     300ms 37.50% 37.50%      300ms 37.50%                | main.quote
----------------------------------------------------------+-------------
                                             250ms   100% |   main.(*shop).serve
     250ms 31.25% 68.75%      250ms 31.25%                | main.hash
----------------------------------------------------------+-------------
                                             500ms   100% |   main.(*shop).serve
     200ms 25.00% 93.75%      500ms 62.50%                | main.encode
                                             300ms 60.00% |   main.quote (inline)
----------------------------------------------------------+-------------
                                             790ms   100% |   main.main
      40ms  5.00% 98.75%      790ms 98.75%                | main.(*shop).serve
                                             500ms 63.29% |   main.encode
                                             250ms 31.65% |   main.hash
----------------------------------------------------------+-------------
      10ms  1.25%   100%       10ms  1.25%                | main.idle
----------------------------------------------------------+-------------
         0     0%   100%      790ms 98.75%                | main.main
                                             790ms   100% |   main.(*shop).serve
----------------------------------------------------------+-------------
",
    );
}

#[test]
fn peek() {
    check(
        View::Peek("quote".into()),
        Options::default(),
        r"
File: shop
from the shop
Type: cpu
Time: 2023-11-14 22:13:20 UTC
Duration: 10s, Total samples = 800ms ( 8.00%)
Showing nodes accounting for 800ms, 100% of 800ms total
----------------------------------------------------------+-------------
      flat  flat%   sum%        cum   cum%   calls calls% + context 	 	 
----------------------------------------------------------+-------------
                                             300ms   100% |   main.encode (inline)
     300ms 37.50% 37.50%      300ms 37.50%                | main.quote
----------------------------------------------------------+-------------
",
    );
}

#[test]
fn list() {
    check(
        View::List("quote|idle".into()),
        Options::default(),
        r"
Total: 800ms
ROUTINE ======================== main.idle in /src/shop/main.go
      10ms       10ms (flat, cum)  1.25% of Total
         .          .     60:line 60
      10ms       10ms     61:line 61
         .          .     62:line 62
         .          .     63:line 63
         .          .     64:line 64
         .          .     65:line 65
         .          .     66:line 66
ROUTINE ======================== main.quote in /src/shop/main.go
     300ms      300ms (flat, cum) 37.50% of Total
         .          .     40:line 40
         .          .     41:line 41
         .          .     42:line 42
     300ms      300ms     43:line 43
         .          .     44:line 44
         .          .     45:line 45
         .          .     46:line 46
         .          .     47:line 47
         .          .     48:line 48
",
    );
}

#[test]
fn traces() {
    check(
        View::Traces,
        Options::default(),
        r"
File: shop
from the shop
Type: cpu
Time: 2023-11-14 22:13:20 UTC
Duration: 10s, Total samples = 800ms ( 8.00%)
-----------+-------------------------------------------------------
      path:  /order
     300ms   main.quote (inline)
             main.encode
             main.(*shop).serve
             main.main
-----------+-------------------------------------------------------
      path:  /order
     200ms   main.encode
             main.(*shop).serve
             main.main
-----------+-------------------------------------------------------
      path:  /list
     250ms   main.hash
             main.hash
             main.(*shop).serve
             main.main
-----------+-------------------------------------------------------
      40ms   main.(*shop).serve
             main.main
-----------+-------------------------------------------------------
      10ms   main.idle
-----------+-------------------------------------------------------
",
    );
}

#[test]
fn raw() {
    check(
        View::Raw,
        Options::default(),
        r"
Comment: from the shop
PeriodType: cpu nanoseconds
Period: 10000000
Time: 2023-11-14 22:13:20.5 +0000 UTC
Duration: 10s
Samples:
samples/count cpu/nanoseconds
         30  300000000: 3 2 1 
                path:[/order]
         20  200000000: 4 2 1 
                path:[/order]
         25  250000000: 5 5 2 1 
                path:[/list]
          4   40000000: 2 1 
          1   10000000: 6 
Locations
     1: 0x400010 M=1 main.main /src/shop/main.go:11:0 s=10
     2: 0x400020 M=1 main.(*shop).serve /src/shop/main.go:22:0 s=20
     3: 0x400030 M=1 main.quote /src/shop/main.go:43:0 s=40
             main.encode /src/shop/main.go:35:0 s=30
     4: 0x400040 M=1 main.encode /src/shop/main.go:36:0 s=30
     5: 0x400050 M=1 main.hash /src/shop/main.go:52:0 s=50
     6: 0x400060 M=1 main.idle /src/shop/main.go:61:0 s=60
Mappings
1: 0x400000/0x500000/0x0 /srv/shop  [FN]
",
    );
}

#[test]
fn tags() {
    check(
        View::Tags,
        Options::default(),
        r"
 path: Total 750ms of 800ms (93.75%)
       500ms (62.50%): /order
       250ms (31.25%): /list

",
    );
}

#[test]
fn comments() {
    check(
        View::Comments,
        Options::default(),
        r"
from the shop
",
    );
}

#[test]
fn dot() {
    let options = Options {
        focus: "hash".into(),
        ..Default::default()
    };
    check(
        View::Dot,
        options,
        r##"
digraph "shop" {
node [style=filled fillcolor="#f8f8f8"]
subgraph cluster_L { "File: shop" [shape=box fontsize=16 label="File: shop\lfrom the shop\lType: cpu\lTime: 2023-11-14 22:13:20 UTC\lDuration: 10s, Total samples = 800ms ( 8.00%)\lActive filters:\l   focus=hash\lShowing nodes accounting for 250ms, 31.25% of 800ms total\l\lSee https://git.io/JfYMW for how to read the graph\l" tooltip="shop"] }
N1 [label="main\nhash\n250ms (31.25%)" id="node1" fontsize=24 shape=box tooltip="main.hash (250ms)" color="#b23400" fillcolor="#eddcd5"]
N1_0 [label = "path:/list" id="N1_0" fontsize=8 shape=box3d tooltip="250ms"]
N1 -> N1_0 [label=" 250ms" weight=100 tooltip="250ms" labeltooltip="250ms"]
N2 [label="main\nmain\n0 of 250ms (31.25%)" id="node2" fontsize=8 shape=box tooltip="main.main (250ms)" color="#b23400" fillcolor="#eddcd5"]
N3 [label="main\n(*shop)\nserve\n0 of 250ms (31.25%)" id="node3" fontsize=8 shape=box tooltip="main.(*shop).serve (250ms)" color="#b23400" fillcolor="#eddcd5"]
N3 -> N1 [label=" 250ms" weight=32 penwidth=2 color="#b23400" tooltip="main.(*shop).serve -> main.hash (250ms)" labeltooltip="main.(*shop).serve -> main.hash (250ms)"]
N2 -> N3 [label=" 250ms" weight=32 penwidth=2 color="#b23400" tooltip="main.main -> main.(*shop).serve (250ms)" labeltooltip="main.main -> main.(*shop).serve (250ms)"]
}
"##,
    );
}

#[test]
fn options() {
    let options = Options {
        granularity: Some(Granularity::Lines),
        ignore: "hash".into(),
        nodecount: 3,
        unit: "s".into(),
        ..Default::default()
    };
    check(
        View::Top,
        options,
        r"
File: shop
from the shop
Type: cpu
Time: 2023-11-14 22:13:20 UTC
Duration: 10s, Total samples = 0.80s ( 8.00%)
Active filters:
   ignore=hash
Showing nodes accounting for 0.54s, 67.50% of 0.80s total
Showing top 3 nodes out of 6
      flat  flat%   sum%        cum   cum%
     0.30s 37.50% 37.50%      0.30s 37.50%  main.quote /src/shop/main.go:43 (inline)
     0.20s 25.00% 62.50%      0.20s 25.00%  main.encode /src/shop/main.go:36
     0.04s  5.00% 67.50%      0.54s 67.50%  main.(*shop).serve /src/shop/main.go:22
",
    );
}

#[test]
fn a_file_is_one_row() {
    // pprof makes one of each function here, because they start at different lines.
    let options = Options {
        granularity: Some(Granularity::Files),
        ..Default::default()
    };
    let text = text(View::Top, options);
    let rows: Vec<_> = text.lines().skip_while(|l| !l.contains("flat%")).collect();
    assert_eq!(
        rows[1..],
        ["     800ms   100%   100%      800ms   100%  /src/shop/main.go"]
    );
}
