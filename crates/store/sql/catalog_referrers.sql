-- Which tables refer to tables of a schema in such a way that their rows are deleted or changed when the row that they
-- refer to is deleted: column by column.
-- params: @P1 nvarchar(128)
SELECT f.[name] AS [key_name], cs.[name] AS [child_schema], c.[name] AS [child], cc.[name] AS [child_column], p.[name] AS [parent], pc.[name] AS [parent_column]
FROM [sys].[foreign_keys] AS f
JOIN [sys].[foreign_key_columns] AS k ON k.[constraint_object_id] = f.[object_id]
JOIN [sys].[tables] AS c ON c.[object_id] = f.[parent_object_id]
JOIN [sys].[schemas] AS cs ON cs.[schema_id] = c.[schema_id]
JOIN [sys].[columns] AS cc ON cc.[object_id] = k.[parent_object_id] AND cc.[column_id] = k.[parent_column_id]
JOIN [sys].[tables] AS p ON p.[object_id] = f.[referenced_object_id]
JOIN [sys].[schemas] AS ps ON ps.[schema_id] = p.[schema_id]
JOIN [sys].[columns] AS pc ON pc.[object_id] = k.[referenced_object_id] AND pc.[column_id] = k.[referenced_column_id]
WHERE ps.[name] = @P1 AND f.[delete_referential_action] > 0
ORDER BY cs.[name], c.[name], f.[name], k.[constraint_column_id];
