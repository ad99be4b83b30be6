-- By key of a rehearsal: how many applications have one that another application has as well, less one of each.
-- params: @P1 bigint
SELECT t.[key_no], COUNT_BIG(*) AS [keys], CAST(SUM(t.[n] - 1) AS bigint) AS [applications]
FROM (SELECT r.[key_no], COUNT_BIG(*) AS [n] FROM [xmlx].[rehearsed_key] AS r WHERE r.[job_id] = @P1 GROUP BY r.[key_no], r.[key_hash] HAVING COUNT_BIG(*) > 1) AS t
GROUP BY t.[key_no]
ORDER BY t.[key_no];
