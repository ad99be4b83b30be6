-- Whether what is kept by column adds up to what is shown of a job. No more applications of a range have warnings than
-- have succeeded.
-- params: @P1 bigint
SELECT
    COALESCE((SELECT SUM(w.[warnings]) FROM [xmlx].[warning] AS w WHERE w.[job_id] = @P1), 0) AS [by_column],
    COALESCE((SELECT SUM(w.[warnings]) FROM [xmlx].[range_warning] AS w WHERE w.[job_id] = @P1), 0) AS [warnings],
    COALESCE((SELECT SUM(w.[applications]) FROM [xmlx].[range_warning] AS w WHERE w.[job_id] = @P1), 0) AS [applications],
    (SELECT COUNT_BIG(*) FROM [xmlx].[range_warning] AS w JOIN [xmlx].[range] AS r ON r.[job_id] = w.[job_id] AND r.[range_id] = w.[range_id]
        WHERE w.[job_id] = @P1 AND w.[applications] > r.[done_ok]) AS [ranges_with_too_many];
