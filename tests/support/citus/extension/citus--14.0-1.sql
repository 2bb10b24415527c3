-- A stand-in: it has the names that `ad-metrics distribute` uses, writes down what it is asked for, and distributes nothing.
CREATE TABLE pg_dist_node (nodename text, isactive boolean, shouldhaveshards boolean, noderole text);
CREATE TABLE citus_calls (id bigint GENERATED ALWAYS AS IDENTITY, call text);
CREATE TABLE citus_tables (
    table_name regclass PRIMARY KEY, citus_table_type text, distribution_column text, shard_count bigint
);
CREATE FUNCTION citus_is_coordinator() RETURNS boolean LANGUAGE sql AS 'SELECT true';
CREATE FUNCTION create_reference_table(table_name regclass) RETURNS void LANGUAGE sql AS $$
    INSERT INTO citus_calls (call) VALUES ('reference ' || table_name);
    INSERT INTO citus_tables VALUES (table_name, 'reference', NULL, 1);
$$;
CREATE FUNCTION create_distributed_table(
    table_name regclass, distribution_column text, distribution_type text DEFAULT 'hash',
    colocate_with text DEFAULT 'default', shard_count integer DEFAULT NULL
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('citus.multi_shard_modify_mode', true) IS DISTINCT FROM 'sequential' THEN
        RAISE 'cannot distribute % in parallel after reference tables', table_name;
    END IF;
    RAISE NOTICE 'Copying data from local table...';
    INSERT INTO citus_calls (call) VALUES (format('distributed %s by %s with %s', table_name, distribution_column, colocate_with));
    INSERT INTO citus_tables
    SELECT create_distributed_table.table_name, 'distributed', create_distributed_table.distribution_column,
           coalesce(create_distributed_table.shard_count, t.shard_count)
    FROM (SELECT 1) AS one LEFT JOIN citus_tables AS t ON t.table_name::text = colocate_with;
END $$;
CREATE FUNCTION truncate_local_data_after_distributing_table(table_name regclass) RETURNS void LANGUAGE sql AS $$
    INSERT INTO citus_calls (call) VALUES ('truncated ' || table_name);
$$;
