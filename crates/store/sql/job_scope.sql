-- What a look at the source of a job has to know of it: cheap, however many ranges it has.
-- params: @P1 bigint
SELECT [scope_lo], [scope_hi], CAST([state] AS nvarchar(20)) AS [state], [total] FROM [xmlx].[job] WHERE [job_id] = @P1;
