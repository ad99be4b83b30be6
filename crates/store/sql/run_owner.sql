-- Which job and lease a row @P3 of the log belongs to that session @P1 wrote for application @P2; no row where it is no
-- worker's.
-- params: @P1 varchar(36), @P2 bigint, @P3 bigint
SELECT TOP (1) h.[job_id], h.[range_id], h.[epoch], CAST(j.[contract_hash] AS nvarchar(64)) AS [contract_hash], s.[name] AS [worker]
FROM [xmlx].[worker_session] AS s
JOIN [xmlx].[range_history] AS h ON h.[session_id] = s.[session_id]
JOIN [xmlx].[job] AS j ON j.[job_id] = h.[job_id]
WHERE s.[session_id] = CAST(@P1 AS varchar(36)) AND h.[event] = 'granted' AND h.[lo] <= @P2 AND h.[hi] > @P2
    AND j.[log_watermark] < @P3 AND (j.[log_end] IS NULL OR j.[log_end] >= @P3)
ORDER BY h.[history_id] DESC;
