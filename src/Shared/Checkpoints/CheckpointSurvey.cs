using System.Globalization;

namespace TrainingCluster.Checkpoints;

/// <summary>A checkpoint found on a disk, read whole.</summary>
/// <param name="Job">The job.</param>
/// <param name="Step">The step after which it was taken.</param>
/// <param name="Epoch">The epoch of that step, from 0; null: not told.</param>
/// <param name="Generation">In which it was taken; 0: not told.</param>
/// <param name="Stored">When.</param>
/// <param name="Bytes">On the disk.</param>
/// <param name="Best">The one that is kept as the job's best.</param>
/// <param name="Problem">What is wrong with it; empty: every byte is as it was stored.</param>
/// <param name="Folder">Where it stands.</param>
public sealed record FoundCheckpoint(
    string Job,
    long Step,
    int? Epoch,
    long Generation,
    DateTimeOffset Stored,
    long Bytes,
    bool Best,
    string Problem,
    string Folder
)
{
    /// <summary>Whether every byte is as it was stored.</summary>
    public bool IsWhole => Problem.Length == 0;
}

/// <summary>All checkpoints below a folder: a coordinator's data, one job's files, or one checkpoint.</summary>
public static class CheckpointSurvey
{
    private const string FolderName = "checkpoints";

    /// <summary>Finds and reads them, by job and step. Changes nothing.</summary>
    public static async Task<IReadOnlyList<FoundCheckpoint>> ReadAsync(string root, CancellationToken cancellationToken)
    {
        var found = new List<FoundCheckpoint>();
        foreach (var folder in Find(Path.GetFullPath(root)))
        {
            var (manifest, problem) = await CheckpointManifest.VerifyAsync(folder, cancellationToken);
            if (problem.Length == 0 && CheckpointManifest.Mark(folder) is { } mark)
            {
                problem =
                    $"every byte is as it was stored, yet it was marked as damaged ({mark}); remove {CheckpointManifest.DamagedMark} "
                    + "to have it used again";
            }
            var files = new DirectoryInfo(folder).GetFiles();
            var stored = files.Select(f => f.LastWriteTimeUtc).DefaultIfEmpty(Directory.GetLastWriteTimeUtc(folder)).Max();
            found.Add(
                new(
                    manifest?.JobId ?? JobOf(folder),
                    manifest?.Step ?? StepOf(folder) ?? 0,
                    manifest?.Epoch,
                    manifest?.Generation ?? 0,
                    new DateTimeOffset(stored, TimeSpan.Zero),
                    files.Sum(f => f.Length),
                    manifest?.Best ?? false,
                    problem,
                    folder
                )
            );
        }
        return [.. found.GroupBy(c => c.Job).OrderBy(job => job.Key, StringComparer.Ordinal).SelectMany(OneBest)];
    }

    // Each that was the best when it was taken says so; kept as the best is the newest whole one of them.
    private static IEnumerable<FoundCheckpoint> OneBest(IEnumerable<FoundCheckpoint> job)
    {
        var bySteps = job.OrderBy(c => c.Step).ToArray();
        var best = bySteps.LastOrDefault(c => c is { Best: true, IsWhole: true });
        return bySteps.Select(c => c with { Best = c == best });
    }

    private static IEnumerable<string> Find(string root)
    {
        // What is being received, or was left by a crash, is no checkpoint yet.
        bool IsCheckpoint(string folder) =>
            File.Exists(Path.Combine(folder, CheckpointManifest.FileName))
            || (
                StepOf(folder) is not null
                && Path.GetDirectoryName(folder) is { } parent
                && (parent == root || Path.GetFileName(parent) == FolderName)
            );
        return new[] { root }
            .Concat(Directory.EnumerateDirectories(root, "*", SearchOption.AllDirectories))
            .Where(folder =>
                !Path.GetRelativePath(root, folder)
                    .Split(Path.DirectorySeparatorChar)
                    .Any(part => part.Length > 1 && part[0] == '.' && part != "..")
            )
            .Where(IsCheckpoint)
            .Order(StringComparer.Ordinal);
    }

    private static long? StepOf(string folder) =>
        long.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var step) ? step : null;

    /// <summary>jobs/ID/checkpoints/STEP.</summary>
    private static string JobOf(string folder) =>
        Path.GetDirectoryName(folder) is { } parent && Path.GetFileName(parent) == FolderName
            ? Path.GetFileName(Path.GetDirectoryName(parent)) ?? ""
            : "";
}
