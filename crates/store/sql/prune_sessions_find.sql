-- How many sessions may go: those that ended longer than @P1 seconds ago and before any job was submitted that stays (all
-- but the ids in @P2). `verify` knows by them which rows of the log a worker wrote.
-- params: @P1 int, @P2 nvarchar(max)
SELECT COUNT_BIG(*) AS [n] FROM [xmlx].[worker_session] AS s
WHERE s.[ended_at] < DATEADD(second, 0 - @P1, SYSUTCDATETIME())
    AND NOT EXISTS (SELECT 1 FROM [xmlx].[job] AS j WHERE j.[created_at] <= s.[ended_at]
        AND j.[job_id] NOT IN (SELECT g.[job_id] FROM OPENJSON(@P2) WITH ([job_id] bigint '$') AS g));
