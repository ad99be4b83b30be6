-- Keys that several applications of a rehearsal have, the first application first: at most @P2 of them.
-- params: @P1 bigint, @P2 bigint
SELECT TOP (@P2) r.[key_no], COUNT_BIG(*) AS [applications], MIN(r.[app_id]) AS [first_app_id], MAX(r.[app_id]) AS [last_app_id]
FROM [xmlx].[rehearsed_key] AS r
WHERE r.[job_id] = @P1
GROUP BY r.[key_no], r.[key_hash]
HAVING COUNT_BIG(*) > 1
ORDER BY [first_app_id], r.[key_no];
