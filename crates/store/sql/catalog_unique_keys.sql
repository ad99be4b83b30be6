-- The columns of every key of a schema's tables that no two rows may share. An index with a filter is left out: which rows
-- it is about, the database alone knows.
-- params: @P1 nvarchar(128)
SELECT t.[name] AS [table_name], i.[name] AS [index_name], c.[name] AS [column_name]
FROM [sys].[indexes] AS i
JOIN [sys].[tables] AS t ON t.[object_id] = i.[object_id]
JOIN [sys].[schemas] AS s ON s.[schema_id] = t.[schema_id]
JOIN [sys].[index_columns] AS k ON k.[object_id] = i.[object_id] AND k.[index_id] = i.[index_id]
JOIN [sys].[columns] AS c ON c.[object_id] = k.[object_id] AND c.[column_id] = k.[column_id]
WHERE s.[name] = @P1 AND i.[is_unique] = 1 AND i.[has_filter] = 0 AND k.[key_ordinal] > 0
ORDER BY t.[name], i.[index_id], k.[key_ordinal];
