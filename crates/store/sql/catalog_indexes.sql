-- The column that each index of a schema's tables begins with.
-- params: @P1 nvarchar(128)
SELECT t.[name] AS [table_name], c.[name] AS [column_name]
FROM [sys].[index_columns] AS i
JOIN [sys].[tables] AS t ON t.[object_id] = i.[object_id]
JOIN [sys].[schemas] AS s ON s.[schema_id] = t.[schema_id]
JOIN [sys].[columns] AS c ON c.[object_id] = i.[object_id] AND c.[column_id] = i.[column_id]
WHERE s.[name] = @P1 AND i.[key_ordinal] = 1
ORDER BY t.[name], c.[name];
