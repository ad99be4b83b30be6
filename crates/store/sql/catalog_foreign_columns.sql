-- The columns of every foreign key of a schema's tables that is in force.
-- params: @P1 nvarchar(128)
SELECT c.[name] AS [child], f.[name] AS [key_name], cc.[name] AS [child_column], ps.[name] AS [parent_schema], p.[name] AS [parent], pc.[name] AS [parent_column],
    CAST(pc.[collation_name] AS nvarchar(128)) AS [collation_name]
FROM [sys].[foreign_keys] AS f
JOIN [sys].[foreign_key_columns] AS k ON k.[constraint_object_id] = f.[object_id]
JOIN [sys].[tables] AS c ON c.[object_id] = k.[parent_object_id]
JOIN [sys].[schemas] AS s ON s.[schema_id] = c.[schema_id]
JOIN [sys].[columns] AS cc ON cc.[object_id] = k.[parent_object_id] AND cc.[column_id] = k.[parent_column_id]
JOIN [sys].[tables] AS p ON p.[object_id] = k.[referenced_object_id]
JOIN [sys].[schemas] AS ps ON ps.[schema_id] = p.[schema_id]
JOIN [sys].[columns] AS pc ON pc.[object_id] = k.[referenced_object_id] AND pc.[column_id] = k.[referenced_column_id]
WHERE s.[name] = @P1 AND f.[is_disabled] = 0
ORDER BY c.[name], f.[object_id], k.[constraint_column_id];
