//! The comparisons as flat records.

use serde_json::{Map, Value, json};

use super::{Better, Cell, Table, Tables, Verdict};

/// One record for each benchmark, unit and pair of columns, and one for each geometric mean.
/// docs/diff.md describes the fields.
pub fn rows(tables: &Tables) -> (Vec<Value>, Vec<Value>) {
    let (mut rows, mut means) = (Vec::new(), Vec::new());
    for table in &tables.tables {
        let about = about(tables, table);
        for row in &table.rows {
            let base = row.cells[0].as_ref();
            let mut record = |old: Option<&Cell>, new: Option<&Cell>| {
                let mut fields = about.clone();
                fields.insert("name".into(), row.name.clone().into());
                fields.insert("old".into(), old.map_or(Value::Null, sample));
                fields.insert("new".into(), new.map_or(Value::Null, sample));
                compared(&mut fields, table, new);
                rows.push(Value::Object(fields));
            };
            // A table of one column has either side of the results only.
            match &row.cells[1..] {
                [] => record(base, None),
                later => later.iter().for_each(|cell| record(base, cell.as_ref())),
            }
        }
        for (column, mean) in table.columns.iter().zip(&table.means) {
            let mut fields = about.clone();
            fields.insert("column".into(), column.clone().into());
            fields.insert("center".into(), json!(mean.center));
            fields.insert("ratio".into(), json!(mean.ratio));
            fields.insert("warnings".into(), json!(mean.warnings));
            means.push(Value::Object(fields));
        }
    }
    (rows, means)
}

fn about(tables: &Tables, table: &Table) -> Map<String, Value> {
    let config = tables.keys.iter().zip(&table.config);
    let config = config.filter(|(_, value)| !value.is_empty());
    let config: Map<String, Value> = config.map(|(k, v)| (k.clone(), v.clone().into())).collect();
    let better = table.better.map(|better| match better {
        Better::Higher => "higher",
        Better::Lower => "lower",
    });
    let mut fields = Map::new();
    fields.insert("config".into(), config.into());
    fields.insert("unit".into(), table.unit.clone().into());
    fields.insert("better".into(), json!(better));
    fields
}

fn sample(cell: &Cell) -> Value {
    // An infinite end of an interval is no number in JSON: it becomes null.
    json!({
        "n": cell.values.len(),
        "center": cell.center,
        "low": cell.interval.0,
        "high": cell.interval.1,
        "values": cell.values,
        "warnings": cell.warnings,
    })
}

fn compared(fields: &mut Map<String, Value>, table: &Table, new: Option<&Cell>) {
    let comparison = new.and_then(|cell| Some((cell, cell.comparison.as_ref()?)));
    let Some((cell, comparison)) = comparison else {
        return;
    };
    let verdict = match comparison.verdict(cell.center, table.better) {
        Verdict::Same => "same",
        Verdict::Better => "better",
        Verdict::Worse => "worse",
        Verdict::Differs => "differs",
    };
    fields.insert("p".into(), json!(comparison.p));
    fields.insert("significant".into(), json!(comparison.significant));
    fields.insert("change".into(), json!(comparison.change(cell.center)));
    fields.insert("verdict".into(), verdict.into());
    fields.insert("warnings".into(), json!(comparison.warnings));
}
