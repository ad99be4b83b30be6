-- Columns of every table of a schema, with what an INSERT has to know of them. A type with another name (CREATE TYPE)
-- is the type that it stands for; one that the login may not see is still shown by it. What the database fills by
-- itself (computed, GENERATED ALWAYS) nobody can write.
-- params: @P1 nvarchar(128)
SELECT t.[name] AS [table_name], c.[name] AS [column_name], COALESCE(b.[name], y.[name], N'?') AS [type_name],
    CAST(c.[max_length] AS int) AS [max_length], CAST(c.[precision] AS int) AS [precision], CAST(c.[scale] AS int) AS [scale],
    CAST(c.[is_nullable] AS int) AS [is_nullable], CAST(c.[is_identity] AS int) AS [is_identity],
    CAST(CASE WHEN c.[is_computed] = 1 OR c.[generated_always_type] <> 0 THEN 1 ELSE 0 END AS int) AS [is_computed],
    CAST(CASE WHEN c.[default_object_id] <> 0 THEN 1 ELSE 0 END AS int) AS [has_default], d.[definition] AS [default_definition],
    CAST(c.[collation_name] AS nvarchar(128)) AS [collation_name]
FROM [sys].[tables] AS t
JOIN [sys].[schemas] AS s ON s.[schema_id] = t.[schema_id]
JOIN [sys].[columns] AS c ON c.[object_id] = t.[object_id]
LEFT JOIN [sys].[types] AS y ON y.[user_type_id] = c.[user_type_id]
LEFT JOIN [sys].[types] AS b ON b.[user_type_id] = c.[system_type_id]
LEFT JOIN [sys].[default_constraints] AS d ON d.[object_id] = c.[default_object_id]
WHERE s.[name] = @P1
ORDER BY t.[name], c.[column_id];
