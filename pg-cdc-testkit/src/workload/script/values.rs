use super::Script;

pub(super) fn script() -> Script {
    let mut script = Script::new(
        "CREATE SCHEMA kinds; CREATE DOMAIN kinds.coins AS money;
         CREATE TABLE kinds.t (id int PRIMARY KEY, n numeric, f float8, r real, tz timetz, m money, c kinds.coins, d date, ts timestamptz, b bytea, iv interval,
             bi bit(3), u uuid, ar float8[], j jsonb, o bool, ch \"char\", p point, ip inet);
         CREATE TABLE kinds.whole (LIKE kinds.t, PRIMARY KEY (id)); ALTER TABLE kinds.whole REPLICA IDENTITY FULL",
    );
    for table in ["t", "whole"] {
        script
            .sql(format!(
                "INSERT INTO kinds.{table} VALUES
                 (1, 1.50, -0.0, 1e-5, '12:34:56+05:30', 1234.56, -0.05, 'infinity', '-infinity', '\\x00ff', '1 year -2 days 03:04', B'101',
                  'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '{{NaN,1,NULL}}', '{{\"a\": 1.50}}', true, 'x', '(1.5,-2)', '10.0.0.1/8'),
                 (2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
                 (3, -12345678901234567890.00100, 1e300, 3.4028235e38, '24:00:00+00', 0, 1, '4713-01-01 BC', '294247-01-10 04:00:54.775807+00', '', '-00:00:00.000001',
                  B'000', NULL, '{{}}', 'null', false, '', '(0,0)', '::1')"
            ))
            .sql(format!("UPDATE kinds.{table} SET n = n * 2, tz = '00:00:01-07', d = '2024-02-29' WHERE id < 3; UPDATE kinds.{table} SET id = -id; DELETE FROM kinds.{table} WHERE id = -2"));
    }
    script.compared("kinds", &["t", "whole"]);
    script
}
