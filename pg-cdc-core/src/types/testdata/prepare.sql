-- What every family's script begins with: the settings of pg-cdc's own sessions, and a table for the values.

\set ON_ERROR_STOP on
SET client_encoding = 'UTF8';
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET bytea_output = 'hex';
SET extra_float_digits = 1;

CREATE TEMP TABLE input (n serial, type text, value text);
