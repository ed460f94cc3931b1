//! A scene that was laid out, for formats other than SVG.

use paint::{Color, Drawing, Item, Segment, Shape, Stroke, Text};

use super::draw::{BASELINE, MARGIN, head};
use super::scene::{Arrow, Block, DEPTH, EDGE_FONT, LINE, Look, Scene, padding};
use crate::layout::{Layout, Point, Route, Size};
use crate::svg::font;
use crate::svg::heat::{Paint, Rgb};

const BLACK: Color = Color(0, 0, 0);
const PALE: Color = Color(0xf8, 0xf8, 0xf8);

impl Scene<'_> {
    pub fn drawing(&self, layout: &Layout) -> Drawing {
        let mut drawing = Drawing {
            width: layout.size.width + 2.0 * MARGIN,
            height: layout.size.height + 2.0 * MARGIN,
            title: self.call_graph.title.clone(),
            items: Vec::new(),
        };
        let items = &mut drawing.items;
        for (arrow, route) in self.arrows.iter().zip(&layout.routes) {
            line(items, arrow, route);
        }
        let places = layout.centres.iter().zip(&self.graph.boxes);
        for (block, (centre, size)) in self.blocks.iter().zip(places) {
            draw_block(items, block, *centre, *size);
        }
        for (arrow, route) in self.arrows.iter().zip(&layout.routes) {
            label(items, arrow, route);
        }
        drawing
    }
}

fn color(Rgb(red, green, blue): Rgb) -> Color {
    Color(red, green, blue)
}

fn thin(color: Color) -> Option<Stroke> {
    Some(Stroke {
        color,
        width: 1.0,
        dots: None,
    })
}

fn polygon(corners: &[(f64, f64)]) -> Vec<Segment> {
    let steps = corners.iter().enumerate().map(|(i, &(x, y))| {
        let (x, y) = (x + MARGIN, y + MARGIN);
        match i {
            0 => Segment::Move(x, y),
            _ => Segment::Line(x, y),
        }
    });
    steps.chain([Segment::Close]).collect()
}

fn rectangle(x: f64, y: f64, width: f64, height: f64) -> Vec<Segment> {
    let (right, bottom) = (x + width, y + height);
    polygon(&[(x, y), (right, y), (right, bottom), (x, bottom)])
}

fn draw_block(items: &mut Vec<Item>, block: &Block<'_>, centre: Point, size: Size) {
    let (x, y) = (centre.x - size.width / 2.0, centre.y - size.height / 2.0);
    let mut shape = |path: Vec<Segment>, fill: Color, line: Color| {
        items.push(Item::Shape(Shape {
            path,
            fill: Some(fill),
            stroke: thin(line),
        }));
    };
    match &block.look {
        Look::Legend => {
            shape(rectangle(x, y, size.width, size.height), PALE, BLACK);
            let start = |_: &str| x + padding(block.font);
            text(items, block, start, y, size.height);
        }
        Look::Function { heat, .. } => {
            let [fill, line] = [Paint::Fill, Paint::Line].map(|p| color(heat.light(p)));
            shape(rectangle(x, y, size.width, size.height), fill, line);
            let start = |l: &str| centre.x - font::width(l, block.font) / 2.0;
            text(items, block, start, y, size.height);
        }
        Look::Label { .. } => {
            let (w, h) = (size.width - DEPTH, size.height - DEPTH);
            let (right, top) = (x + w, y + DEPTH);
            let sides = [
                (x, top),
                (x + DEPTH, y),
                (right + DEPTH, y),
                (right + DEPTH, y + h),
                (right, top + h),
                (x, top + h),
            ];
            shape(polygon(&sides), PALE, BLACK);
            shape(rectangle(x, top, w, h), PALE, BLACK);
            shape(polygon(&[(right, top), (right + DEPTH, y)]), PALE, BLACK);
            let start = |l: &str| x + (w - font::width(l, block.font)) / 2.0;
            text(items, block, start, top, h);
        }
    }
}

/// The lines of a block, in the middle of its height.
fn text(
    items: &mut Vec<Item>,
    block: &Block<'_>,
    start: impl Fn(&str) -> f64,
    top: f64,
    height: f64,
) {
    let size = block.font;
    let first = top + (height - block.lines.len() as f64 * size * LINE) / 2.0;
    for (i, line) in block.lines.iter().enumerate() {
        items.push(Item::Text(Text {
            x: start(line) + MARGIN,
            y: first + (i as f64 * LINE + BASELINE) * size + MARGIN,
            size,
            text: (*line).to_owned(),
            color: BLACK,
            rim: None,
        }));
    }
}

fn line(items: &mut Vec<Item>, arrow: &Arrow<'_>, route: &Route) {
    let [first, rest @ ..] = &route.path[..] else {
        return;
    };
    let color = match arrow.ends {
        Some(_) => color(arrow.heat.light(Paint::Line)),
        None => BLACK,
    };
    let at = |p: &Point| (p.x + MARGIN, p.y + MARGIN);
    let (x, y) = at(first);
    let mut path = vec![Segment::Move(x, y)];
    for curve in rest.chunks_exact(3) {
        path.push(Segment::Curve([
            at(&curve[0]),
            at(&curve[1]),
            at(&curve[2]),
        ]));
    }
    items.push(Item::Shape(Shape {
        path,
        fill: None,
        stroke: Some(Stroke {
            color,
            width: arrow.width,
            dots: arrow.dotted.then_some((arrow.width, 3.0 + arrow.width)),
        }),
    }));
    if let Some(corners) = head(arrow, route) {
        items.push(Item::Shape(Shape {
            path: polygon(&corners.map(|p| (p.x, p.y))),
            fill: Some(color),
            stroke: thin(color),
        }));
    }
}

fn label(items: &mut Vec<Item>, arrow: &Arrow<'_>, route: &Route) {
    let Some(at) = route.label else { return };
    for (i, line) in arrow.lines.iter().enumerate() {
        items.push(Item::Text(Text {
            x: at.x + MARGIN,
            y: at.y + (i as f64 * LINE + BASELINE) * EDGE_FONT + MARGIN,
            size: EDGE_FONT,
            text: line.clone(),
            color: BLACK,
            rim: Some(Color::WHITE),
        }));
    }
}
