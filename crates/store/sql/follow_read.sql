-- Whether a `follow` job takes what comes below its scope.
-- params: @P1 bigint
SELECT COUNT_BIG(*) AS [n] FROM [xmlx].[job_follow] WHERE [job_id] = @P1 AND [grows_down] = 1;
