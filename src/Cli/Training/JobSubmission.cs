using TrainingCluster.Cli.Client;
using TrainingCluster.Cli.Display;
using TrainingCluster.Cli.Local;
using TrainingCluster.Jobs;
using TrainingCluster.Modeling.Data;
using TrainingCluster.V1;

namespace TrainingCluster.Cli.Training;

/// <summary>Brings a job to a coordinator: its dataset first, where it has none yet, then the job itself.</summary>
public static class JobSubmission
{
    /// <summary>Reads a job file.</summary>
    /// <param name="path">A YAML file.</param>
    /// <param name="bringsData">True: the command line names the text, so the file need not.</param>
    /// <exception cref="CliException">It cannot be read, or it has violations: all of them are named with their lines.</exception>
    public static JobSpec Read(string path, bool bringsData = false)
    {
        string text;
        try
        {
            text = File.ReadAllText(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw CliException.BadUsage($"job file {path} cannot be read: {exception.Message}", exception);
        }
        var result = JobYaml.Parse(text);
        var violations = result.Violations.Where(violation => !(bringsData && violation is { Field: "dataset", Value: "" })).ToList();
        if (violations.Count > 0)
        {
            throw Refused(path, violations);
        }
        return result.Spec;
    }

    /// <summary>Refuses a specification that breaks a rule.</summary>
    /// <param name="spec">The specification.</param>
    /// <param name="origin">Where it comes from, for the message.</param>
    public static void Require(JobSpec spec, string origin)
    {
        var violations = JobSpecValidator.Validate(spec);
        if (violations.Count > 0)
        {
            throw Refused(origin, violations);
        }
    }

    /// <summary>Sees to it that the coordinator holds the dataset of <paramref name="spec"/>, and fills in its fingerprint.</summary>
    /// <param name="terminal">Shows progress.</param>
    /// <param name="connection">The coordinator.</param>
    /// <param name="spec">The job; its fingerprint is set.</param>
    /// <param name="options">The text. Null: the specification names a fingerprint alone.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task BringDatasetAsync(
        Terminal terminal,
        ClusterConnection connection,
        JobSpec spec,
        DatasetOptions? options,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(spec);
        ArgumentNullException.ThrowIfNull(connection);
        if (spec.Dataset.HasFingerprint && await DatasetUpload.IsThereAsync(connection, spec.Dataset.Fingerprint, cancellationToken))
        {
            return;
        }
        if (options is null)
        {
            throw CliException.BadUsage(
                $"dataset.fingerprint {spec.Dataset.Fingerprint}: {connection.Address} holds no such dataset; name source and target "
                    + "files in the job file"
            );
        }
        using var folder = new TemporaryFolder();
        var dataset = Path.Combine(folder.Path, "dataset");
        await PrepareAsync(terminal, spec, options, dataset, cancellationToken);
        await UploadAsync(terminal, connection, dataset, spec.Dataset.Fingerprint, cancellationToken);
    }

    /// <summary>Prepares the dataset in <paramref name="folder"/> and fills in its fingerprint.</summary>
    public static async Task PrepareAsync(
        Terminal terminal,
        JobSpec spec,
        DatasetOptions options,
        string folder,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(spec);
        var manifest = await DatasetPreparation.BuildAsync(terminal, options, folder, cancellationToken);
        if (spec.Dataset.HasFingerprint && spec.Dataset.Fingerprint != manifest.Fingerprint)
        {
            throw CliException.BadUsage(
                $"dataset.fingerprint {spec.Dataset.Fingerprint}: the named files give {manifest.Fingerprint}; leave the fingerprint "
                    + "out, or name the files that it was made of"
            );
        }
        spec.Dataset.Fingerprint = manifest.Fingerprint;
    }

    /// <summary>Uploads a prepared dataset where the coordinator has none yet.</summary>
    public static async Task UploadAsync(
        Terminal terminal,
        ClusterConnection connection,
        string folder,
        string fingerprint,
        CancellationToken cancellationToken
    )
    {
        if (await DatasetUpload.IsThereAsync(connection, fingerprint, cancellationToken))
        {
            return;
        }
        await Activity.RunAsync(
            terminal,
            "uploading the dataset",
            activity =>
                DatasetUpload.SendAsync(
                    connection,
                    folder,
                    (sent, total) => activity.Report(sent, total, $"{Text.Bytes(sent)} of {Text.Bytes(total)}"),
                    cancellationToken
                )
        );
    }

    /// <summary>Creates the job.</summary>
    /// <param name="connection">The coordinator.</param>
    /// <param name="spec">The job, with its dataset's fingerprint.</param>
    /// <param name="requestId">The same id and specification give the same job. Null: a new one.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <param name="labels">For clients to find it by. Null: none.</param>
    public static Task<Job> CreateAsync(
        ClusterConnection connection,
        JobSpec spec,
        string? requestId,
        CancellationToken cancellationToken,
        IReadOnlyList<KeyValuePair<string, string>>? labels = null
    )
    {
        ArgumentNullException.ThrowIfNull(connection);
        var request = new CreateJobRequest { Spec = spec, RequestId = requestId ?? Guid.NewGuid().ToString("N") };
        request.Labels.Add((labels ?? []).ToDictionary());
        return connection.CallAsync(options => connection.Jobs.CreateJobAsync(request, options), cancellationToken);
    }

    private static CliException Refused(string origin, IReadOnlyList<SpecViolation> violations) =>
        new(
            $"{origin}: {violations.Count} "
                + $"problem{(violations.Count == 1 ? "" : "s")}\n{string.Join('\n', violations.Select(violation => $"  {violation}"))}"
        )
        {
            ExitCode = ExitCodes.BadUsage,
            Help = "docs/job-specification.md has all settings",
            Violations = [.. violations.Select(violation => new FieldViolation(violation.Field, violation.Description, violation.Line))],
        };
}
