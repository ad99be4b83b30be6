-- Which column of a schema's tables refers to which column of another table; keys of several columns are left out.
-- params: @P1 nvarchar(128)
SELECT c.[name] AS [child], cc.[name] AS [child_column], ps.[name] AS [parent_schema], p.[name] AS [parent], pc.[name] AS [parent_column],
    pc.[collation_name]
FROM [sys].[foreign_key_columns] AS k
JOIN [sys].[tables] AS c ON c.[object_id] = k.[parent_object_id]
JOIN [sys].[schemas] AS s ON s.[schema_id] = c.[schema_id]
JOIN [sys].[columns] AS cc ON cc.[object_id] = k.[parent_object_id] AND cc.[column_id] = k.[parent_column_id]
JOIN [sys].[tables] AS p ON p.[object_id] = k.[referenced_object_id]
JOIN [sys].[schemas] AS ps ON ps.[schema_id] = p.[schema_id]
JOIN [sys].[columns] AS pc ON pc.[object_id] = k.[referenced_object_id] AND pc.[column_id] = k.[referenced_column_id]
WHERE s.[name] = @P1
    AND NOT EXISTS (SELECT 1 FROM [sys].[foreign_key_columns] AS o WHERE o.[constraint_object_id] = k.[constraint_object_id] AND o.[constraint_column_id] > 1)
ORDER BY c.[name], cc.[name];
