-- Which table of a schema has to be filled before which.
-- params: @P1 nvarchar(128)
SELECT c.[name] AS [child], p.[name] AS [parent]
FROM [sys].[foreign_keys] AS f
JOIN [sys].[tables] AS c ON c.[object_id] = f.[parent_object_id]
JOIN [sys].[tables] AS p ON p.[object_id] = f.[referenced_object_id]
JOIN [sys].[schemas] AS s ON s.[schema_id] = c.[schema_id]
WHERE s.[name] = @P1
ORDER BY c.[name], p.[name];
