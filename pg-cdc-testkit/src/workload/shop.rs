use fastrand::Rng;

use super::{Worker, rng_of};
use crate::client::Client;
use crate::error::Result;

/// A small shop in a schema of its own, `shop`: customers, products, orders and their lines, with text, numeric,
/// timestamptz, jsonb, uuid, boolean, date and array columns.
#[derive(Debug, Clone, Copy, Default)]
pub struct Shop;

impl Shop {
    /// Makes the tables.
    ///
    /// # Errors
    ///
    /// If they exist, or the server refuses.
    pub async fn create(&self, client: &Client) -> Result<()> {
        Ok(client.batch_execute(SCHEMA).await?)
    }

    /// Fills them with about `rows` rows in all, the same ones for the same number.
    ///
    /// # Errors
    ///
    /// If the server refuses.
    pub async fn fill(&self, client: &Client, rows: u64) -> Result<()> {
        let (customers, products, orders) = ((rows / 10).max(1), (rows / 50).max(1), (rows * 3 / 10).max(1));
        let lines = rows.saturating_sub(customers + products + orders).max(1);
        client
            .batch_execute(&format!(
                "BEGIN;
                 SELECT setseed(0.25);
                 INSERT INTO shop.customers (token, name, email, since, profile)
                     SELECT md5('customer ' || i)::uuid, 'Customer ' || i, 'c' || i || '@example.org',
                            date '2020-01-01' + (random() * 1500)::int,
                            jsonb_build_object('vip', random() < 0.1, 'tags', jsonb_build_array('t' || i % 7, i))
                     FROM generate_series(1, {customers}) i;
                 INSERT INTO shop.products (name, description, price, stock, tags)
                     SELECT 'Product ' || i, repeat(md5('product ' || i) || ' ', 1 + (random() * 20)::int),
                            round((1 + random() * 200)::numeric, 2), 1000 + (random() * 1000)::int,
                            ARRAY['tag ' || i % 5, 'x,y']
                     FROM generate_series(1, {products}) i;
                 INSERT INTO shop.orders (customer, status, placed)
                     SELECT 1 + floor(random() * {customers})::int,
                            (ARRAY['new', 'paid', 'sent'])[1 + floor(random() * 3)::int],
                            timestamptz '2024-01-01 00:00:00Z' + random() * interval '400 days'
                     FROM generate_series(1, {orders}) i;
                 INSERT INTO shop.order_lines (order_id, line, product, quantity, price)
                     SELECT 1 + i % {orders}, 1 + i / {orders}, 1 + floor(random() * {products})::int,
                            1 + (random() * 5)::int, round((1 + random() * 200)::numeric, 2)
                     FROM generate_series(0, {lines} - 1) i;
                 COMMIT;
                 ANALYZE shop.customers; ANALYZE shop.products; ANALYZE shop.orders; ANALYZE shop.order_lines"
            ))
            .await?;
        Ok(())
    }

    /// The tables, for a comparison.
    pub fn tables(&self) -> [&'static str; 4] {
        ["shop.customers", "shop.products", "shop.orders", "shop.order_lines"]
    }

    /// The workers of so many connections: orders placed, paid, sent and cancelled, prices and profiles changed.
    pub fn workers(&self, connections: u32, seed: u64) -> Vec<ShopWorker> {
        (0..connections).map(|n| ShopWorker { rng: rng_of(seed, u64::from(n)) }).collect()
    }
}

const SCHEMA: &str = "
    BEGIN;
    CREATE SCHEMA shop;
    CREATE TABLE shop.customers (
        id bigserial PRIMARY KEY, token uuid NOT NULL, name text NOT NULL, email varchar(80),
        since date NOT NULL, profile jsonb NOT NULL DEFAULT '{}', active boolean NOT NULL DEFAULT true);
    CREATE TABLE shop.products (
        id bigserial PRIMARY KEY, name text NOT NULL, description text, price numeric(12,2) NOT NULL,
        stock int NOT NULL, tags text[] NOT NULL DEFAULT '{}');
    CREATE TABLE shop.orders (
        id bigserial PRIMARY KEY, customer bigint NOT NULL REFERENCES shop.customers, status text NOT NULL,
        placed timestamptz NOT NULL DEFAULT now(), note text);
    CREATE TABLE shop.order_lines (
        order_id bigint NOT NULL REFERENCES shop.orders, line int NOT NULL,
        product bigint NOT NULL REFERENCES shop.products, quantity int NOT NULL, price numeric(12,2) NOT NULL,
        PRIMARY KEY (order_id, line));
    COMMIT";

/// One connection of [`Shop`].
#[derive(Debug)]
pub struct ShopWorker {
    rng: Rng,
}

impl Worker for ShopWorker {
    async fn transaction(&mut self, client: &Client) -> Result<bool> {
        let rng = &mut self.rng;
        let sql = match rng.u32(0..100) {
            0..50 => place_order(rng),
            50..75 => {
                let order = one_of(rng, "orders");
                let status = rng.choice(["paid", "sent", "returned"]).unwrap_or("paid");
                format!("UPDATE shop.orders SET status = '{status}' WHERE id = {order}")
            }
            75..85 => {
                let factor = f64::from(rng.u32(90..=111)) / 100.0;
                format!(
                    "UPDATE shop.products SET price = round(price * {factor}, 2) WHERE id = {}",
                    one_of(rng, "products")
                )
            }
            85..92 => {
                let visits = rng.u32(..);
                let customer = one_of(rng, "customers");
                format!(
                    "UPDATE shop.customers SET profile = profile || '{{\"visits\": {visits}}}' WHERE id = {customer}"
                )
            }
            92..97 => new_customer(rng),
            _ => cancel_order(rng),
        };
        client.batch_execute(&sql).await?;
        Ok(true)
    }
}

/// An id that exists, near a random place: cheap by the key's index however large the table is.
fn one_of(rng: &mut Rng, table: &str) -> String {
    let at = rng.f64();
    format!(
        "(SELECT id FROM shop.{table} WHERE id >= floor({at} * (SELECT max(id) FROM shop.{table})) ORDER BY id LIMIT 1)"
    )
}

fn place_order(rng: &mut Rng) -> String {
    let mut sql = format!(
        "BEGIN; INSERT INTO shop.orders (customer, status, note) VALUES ({}, 'new', {});",
        one_of(rng, "customers"),
        if rng.bool() { "NULL".to_owned() } else { format!("'leave it at door {}'", rng.u8(..)) }
    );
    for line in 1..=rng.u32(1..=4) {
        let (product, quantity) = (one_of(rng, "products"), rng.u32(1..=5));
        sql += &format!(
            "INSERT INTO shop.order_lines
                 SELECT currval('shop.orders_id_seq'), {line}, id, {quantity}, price FROM shop.products WHERE id = {product};
             UPDATE shop.products SET stock = stock - {quantity} WHERE id = {product};"
        );
    }
    sql + "COMMIT"
}

fn new_customer(rng: &mut Rng) -> String {
    let (token, n) = (rng.u128(..), rng.u32(..));
    format!(
        "INSERT INTO shop.customers (token, name, email, since, profile)
             VALUES ('{token:032x}', 'Zoë O''Neill {n} ✓', NULL, CURRENT_DATE, '{{\"from\": \"web\"}}')"
    )
}

fn cancel_order(rng: &mut Rng) -> String {
    // One statement: a foreign key is checked at its end, when both the order and its lines are gone.
    format!(
        "WITH o AS (SELECT {} AS id), l AS (DELETE FROM shop.order_lines USING o WHERE order_id = o.id)
         DELETE FROM shop.orders USING o WHERE orders.id = o.id",
        one_of(rng, "orders")
    )
}
