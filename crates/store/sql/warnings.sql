-- The warnings of a job by column and kind.
-- params: @P1 bigint
SELECT w.[table_name], w.[column_name], CAST(w.[kind] AS nvarchar(30)) AS [kind], SUM(w.[applications]) AS [applications], SUM(w.[warnings]) AS [warnings],
    MIN(w.[first_app_id]) AS [first_of_all], MAX(w.[first_app_id]) AS [first_of_last], MIN(w.[last_app_id]) AS [last_of_first], MAX(w.[last_app_id]) AS [last_of_all]
FROM [xmlx].[warning] AS w WHERE w.[job_id] = @P1
GROUP BY w.[table_name], w.[column_name], w.[kind] ORDER BY [applications] DESC, w.[table_name], w.[column_name], w.[kind];
