-- Warnings and budgets of all jobs, or of one. No job has the id 0.
-- params: @P1 bigint
SELECT j.[job_id], CAST(b.[max_failures] AS nvarchar(20)) AS [max_failures], CAST(b.[max_warnings] AS nvarchar(20)) AS [max_warnings],
    COALESCE((SELECT SUM(w.[applications]) FROM [xmlx].[range_warning] AS w WHERE w.[job_id] = j.[job_id]), 0) AS [applications],
    COALESCE((SELECT SUM(w.[warnings]) FROM [xmlx].[range_warning] AS w WHERE w.[job_id] = j.[job_id]), 0) AS [warnings]
FROM [xmlx].[job] AS j LEFT JOIN [xmlx].[job_budget] AS b ON b.[job_id] = j.[job_id]
WHERE @P1 = 0 OR j.[job_id] = @P1 ORDER BY j.[job_id];
