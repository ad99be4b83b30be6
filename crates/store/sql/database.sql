-- What the database as a whole is set to.
SELECT CAST([compatibility_level] AS int) AS [compatibility_level], CAST([collation_name] AS nvarchar(128)) AS [collation_name],
    CAST([is_read_committed_snapshot_on] AS int) AS [rcsi], CAST([delayed_durability] AS int) AS [delayed_durability]
FROM [sys].[databases] WHERE [database_id] = DB_ID();
