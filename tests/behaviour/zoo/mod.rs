//! Every type, in snapshot and stream, as text and in binary: what comes out is what `row_to_json` gives.

mod types;

use serde_json::{Value, json};

use crate::case::{Case, cases, cases_from};
use crate::content::{make_hostile, make_kind};
use types::{Animal, MADE, TEXTS, ZOO};

/// Makes a table for each type of `zoo` that the server has, with its values, alone and within other types.
async fn fill(case: &Case, zoo: &[Animal]) -> Vec<String> {
    case.sql(MADE).await;
    let major = case.cluster.major();
    let mut tables = Vec::new();
    for (index, Animal { name, since, extension, values }) in zoo.iter().enumerate() {
        if major < *since {
            continue;
        }
        if let Some(extension) = extension {
            // Whether this server has it is known by trying only.
            let made =
                case.client.batch_execute(&format!("CREATE EXTENSION IF NOT EXISTS {extension}")).await;
            if let Err(error) = made {
                println!("without {extension}: {error:?}");
                continue;
            }
        }
        let table = format!("z{index}");
        // Arrays of domains and domains over composites came with 11.
        let domains = if major >= 11 { format!("{table}_d[]") } else { "int".to_owned() };
        let base =
            if major < 11 && matches!(*name, "pair" | "nested" | "row_of_table") { "text" } else { name };
        // Arrays themselves to whoever builds an array of them.
        let vector = matches!(*name, "int2vector" | "oidvector");
        let (square, pair) = if vector {
            ("NULL".to_owned(), "NULL".to_owned())
        } else {
            (format!("ARRAY[[v, NULL], [v, v]]::{name}[]"), format!("ARRAY[v, NULL]::{name}[]"))
        };
        let gather = |column: &str| {
            if vector || *name == "years" { "NULL".to_owned() } else { format!("array_agg({column})") }
        };
        let rows: Vec<_> = values
            .iter()
            .enumerate()
            .map(|(id, value)| format!("({id}, '{}'::{name})", value.replace('\'', "''")))
            .collect();
        case.sql(&format!(
            "CREATE DOMAIN {table}_d AS {base};
             CREATE TYPE {table}_c AS (f {name}, \"g \"\"é\" text, h {name}[], d {table}_d);
             CREATE TABLE {table} (id int PRIMARY KEY, v {name}, n {name}, a {name}[], d {table}_d, ds {domains},
                                   c {table}_c, cs {table}_c[]);
             ALTER TABLE {table} REPLICA IDENTITY FULL;
             INSERT INTO {table} (id, v) VALUES {};
             UPDATE {table} SET a = {square}, d = v::{base}, c = ROW(v, 'x', {pair}, v::{base}),
                                cs = ARRAY[ROW(v, NULL, {pair}, NULL), NULL, ROW(NULL, '', '{{}}', v::{base})]::{table}_c[];
             INSERT INTO {table} (id, a, ds) SELECT 100, {}, {} FROM {table} LIMIT 1",
            rows.join(", "),
            gather("v"),
            if major >= 11 { gather("d") } else { "NULL".to_owned() },
        ))
        .await;
        case.sql(&format!("INSERT INTO {table} (id, a) VALUES (101, '{{}}')")).await;
        tables.push(table);
    }
    tables
}

/// Runs the zoo through a pipeline with `settings`.
async fn goes_through(case: &Case, zoo: &[Animal], settings: Value) {
    let tables = fill(case, zoo).await;
    let include: Vec<_> = tables.iter().map(|table| format!("public.{table}")).collect();
    case.set(settings);
    let mut file = std::fs::read_to_string(case.pipeline.path("p.yaml")).unwrap();
    assert!(file.contains("\"url\""));
    file =
        file.replacen("\"url\"", &format!("\"tables\": {{ \"include\": {} }}, \"url\"", json!(include)), 1);
    std::fs::write(case.pipeline.path("p.yaml"), file).unwrap();
    make_hostile(case).await;
    case.catch_up();
    for table in &tables {
        case.sql(&format!(
            "INSERT INTO public.{table} SELECT id + 1000, v, n, a, d, ds, c, cs FROM public.{table};
             UPDATE public.{table} SET id = id + 5000 WHERE id < 1000;
             UPDATE public.{table} SET v = NULL WHERE id = 5000; DELETE FROM public.{table} WHERE id = 1000"
        ))
        .await;
    }
    case.catch_up();
    make_kind(case).await;
    let compared: Vec<&str> = include.iter().map(|table| &**table).collect();
    case.compare(&compared).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_types_are_those_of_row_to_json_as_text() {
    for case in cases().await {
        let settings =
            json!({ "source": { "snapshot": { "format": "text" }, "pgoutput": { "binary": false } } });
        goes_through(&case, ZOO, settings).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_types_are_those_of_row_to_json_in_binary() {
    for case in cases_from(14).await {
        let settings =
            json!({ "source": { "snapshot": { "format": "binary" }, "pgoutput": { "binary": true } } });
        goes_through(&case, ZOO, settings).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn types_without_a_binary_form_are_those_of_row_to_json_by_themselves() {
    for case in cases().await {
        goes_through(&case, TEXTS, json!({})).await;
    }
}
