-- A page of what a job has found of single applications, by id: those behind the application @P2 and its finding @P3, at
-- most @P4. @P5: only findings of this kind, or an empty text.
-- params: @P1 bigint, @P2 bigint, @P3 int, @P4 bigint, @P5 varchar(40)
SELECT TOP (@P4) f.[app_id], f.[n], CAST(f.[kind] AS nvarchar(40)) AS [kind], f.[table_name], f.[column_name], f.[reason]
FROM [xmlx].[finding] AS f
WHERE f.[job_id] = @P1 AND (f.[app_id] > @P2 OR (f.[app_id] = @P2 AND f.[n] > @P3)) AND (@P5 = '' OR f.[kind] = CAST(@P5 AS varchar(40)))
ORDER BY f.[app_id], f.[n];
