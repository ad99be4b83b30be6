-- A job's budget, and what its ranges add up to.
-- params: @P1 bigint
SELECT j.[total], CAST(b.[max_failures] AS nvarchar(20)) AS [max_failures], CAST(b.[max_warnings] AS nvarchar(20)) AS [max_warnings], b.[decided_before], b.[failed_before], b.[warned_before],
    COALESCE((SELECT SUM(r.[done_ok]) FROM [xmlx].[range] AS r WHERE r.[job_id] = b.[job_id]), 0) AS [done_ok],
    COALESCE((SELECT SUM(r.[done_failed]) FROM [xmlx].[range] AS r WHERE r.[job_id] = b.[job_id]), 0) AS [done_failed],
    COALESCE((SELECT SUM(w.[applications]) FROM [xmlx].[range_warning] AS w WHERE w.[job_id] = b.[job_id]), 0) AS [warned]
FROM [xmlx].[job_budget] AS b JOIN [xmlx].[job] AS j ON j.[job_id] = b.[job_id] WHERE b.[job_id] = @P1;
