-- params: @P1 bigint
SELECT [contract], [mode], [log_watermark] FROM [xmlx].[job] WHERE [job_id] = @P1;
