-- params: @P1 bigint
SELECT [contract], CAST([mode] AS nvarchar(20)) AS [mode], [log_watermark] FROM [xmlx].[job] WHERE [job_id] = @P1;
