-- Before an application is tried alone: how many sessions have tried it and are gone. A session that fell silent may
-- only be paused or cut off, so it counts as gone once it has stayed away for 30 seconds more: by then 36 seconds have
-- passed without a heartbeat. One that came back is active again and does not count.
-- params: @P1 bigint, @P2 bigint, @P3 nvarchar(36)
SET XACT_ABORT ON;
SET LOCK_TIMEOUT 5000;
BEGIN TRAN;
IF NOT EXISTS (SELECT 1 FROM [xmlx].[trial] WHERE [job_id] = @P1 AND [app_id] = @P2 AND [session_id] = CAST(@P3 AS varchar(36)))
INSERT INTO [xmlx].[trial] ([job_id], [app_id], [session_id]) VALUES (@P1, @P2, CAST(@P3 AS varchar(36)));
SELECT COUNT_BIG(*) AS [n] FROM [xmlx].[trial] AS t
JOIN [xmlx].[worker_session] AS s ON s.[session_id] = t.[session_id]
WHERE t.[job_id] = @P1 AND t.[app_id] = @P2 AND t.[session_id] <> CAST(@P3 AS varchar(36))
    AND (s.[state] = 'lost' OR (s.[state] = 'silent' AND s.[ended_at] < DATEADD(second, -30, SYSUTCDATETIME())));
COMMIT;
