using System.Collections.Immutable;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using TrainingCluster.Coordinator.Store;
using TrainingCluster.Errors;
using TrainingCluster.Jobs;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Jobs;

/// <summary>A job's specification and labels after a change that a client wants.</summary>
/// <param name="Spec">Every field filled in.</param>
/// <param name="Labels">All of them.</param>
internal sealed record JobEdit(JobSpec Spec, ImmutableSortedDictionary<string, string> Labels)
{
    /// <summary>Whether the job is to be suspended; null: it stays what it is.</summary>
    public bool? Suspend { get; init; }

    private const string LabelsPath = "labels";
    private const string PriorityPath = "spec.priority";
    private const string MaxWorkersPath = "spec.workers.max";
    private const string SuspendPath = "spec.suspend";

    private const string Changeable = $"{LabelsPath}, {LabelsPath}.KEY, {PriorityPath}, {MaxWorkersPath} and {SuspendPath}";

    /// <summary>The job as it would be.</summary>
    /// <param name="job">As it is.</param>
    /// <param name="wanted">With the new values.</param>
    /// <param name="mask">Which fields to change; null: those that <paramref name="wanted"/> has.</param>
    /// <exception cref="RpcException">INVALID_ARGUMENT: every field that cannot change, and every value that cannot be.</exception>
    public static JobEdit Of(StoredJob job, Job wanted, FieldMask? mask)
    {
        var paths = mask is { Paths.Count: > 0 } ? Named(mask) : Given(job, wanted);
        var edit = paths.Aggregate(new JobEdit(job.Spec.Clone(), job.Labels), (edit, path) => edit.With(path, wanted));
        var problems = JobLabels.Problems(edit.Labels, LabelsPath).ToList();
        // What it broke before, it was taken with: rules may have been added since.
        problems.AddRange(
            JobSpecValidator
                .Validate(edit.Spec)
                .Except(JobSpecValidator.Validate(job.Spec))
                .Select(v => (FieldPaths.OfSetting(v.Field), v.Description))
        );
        return problems.Count == 0 ? edit : throw RpcErrors.Invalid([.. problems]);
    }

    private static IReadOnlyList<string> Named(FieldMask mask)
    {
        var paths = mask.Paths.SelectMany(path => path == "*" ? [LabelsPath, PriorityPath, MaxWorkersPath, SuspendPath] : new[] { path });
        var problems = paths
            .Where(path => !IsChangeable(path))
            .Select(path => ("update_mask", $"'{Echo.Of(path)}' {WhyNot(path)}"))
            .ToArray();
        return problems.Length == 0 ? [.. paths] : throw RpcErrors.Invalid(problems);
    }

    /// <summary>A client may send back a job that it has read: what is as it was is no change.</summary>
    private static List<string> Given(StoredJob job, Job wanted)
    {
        var fixedOnes = JobSettings
            .All.Where(setting => setting.ValueIn(wanted.Spec ?? new()) is { } value && !value.Equals(setting.ValueIn(job.Spec)))
            .Select(setting => FieldPaths.OfSetting(setting.Path))
            .Where(path => !IsChangeable(path))
            .Select(path => (path, WhyNot(path)))
            .ToArray();
        if (fixedOnes.Length > 0)
        {
            throw RpcErrors.Invalid(fixedOnes);
        }
        var paths = new List<string>();
        Add(LabelsPath, wanted.Labels.Count > 0);
        Add(PriorityPath, wanted.Spec is { HasPriority: true });
        Add(MaxWorkersPath, wanted.Spec?.Workers is { HasMax: true });
        Add(SuspendPath, wanted.Spec is { HasSuspend: true });
        return paths.Count > 0
            ? paths
            : throw RpcErrors.Invalid(("update_mask", $"is absent, and job has none of the fields that can change: {Changeable}"));

        void Add(string path, bool isGiven)
        {
            if (isGiven)
            {
                paths.Add(path);
            }
        }
    }

    private static bool IsChangeable(string path) =>
        path is LabelsPath or PriorityPath or MaxWorkersPath or SuspendPath || LabelKey(path) is { Length: > 0 };

    /// <summary>The key in labels.KEY, which may stand in backquotes; null: it is another path.</summary>
    private static string? LabelKey(string path) =>
        path.StartsWith($"{LabelsPath}.", StringComparison.Ordinal) ? path[(LabelsPath.Length + 1)..].Trim('`') : null;

    private static string WhyNot(string path) =>
        !FieldMask.IsValid(Job.Descriptor, path) ? $"is no field of a job; {Changeable} can change"
        : path.StartsWith("spec", StringComparison.Ordinal) ? $"cannot change: what a job computes follows from it; {Changeable} can"
        : $"is set by the cluster; {Changeable} can change";

    private JobEdit With(string path, Job wanted)
    {
        var spec = Spec.Clone();
        switch (path)
        {
            case LabelsPath:
                return this with { Labels = wanted.Labels.ToImmutableSortedDictionary(StringComparer.Ordinal) };
            case PriorityPath:
                spec.Priority = wanted.Spec is { HasPriority: true } of ? of.Priority : JobSpecDefaults.Fill(new()).Priority;
                break;
            case MaxWorkersPath:
                spec.Workers.Max = wanted.Spec?.Workers is { HasMax: true } workers ? workers.Max : spec.Training.LogicalShards;
                break;
            case SuspendPath:
                spec.Suspend = wanted.Spec?.Suspend ?? false;
                return this with { Spec = spec, Suspend = spec.Suspend };
            default:
                var key = LabelKey(path)!;
                return this with
                {
                    Labels = wanted.Labels.TryGetValue(key, out var value) ? Labels.SetItem(key, value) : Labels.Remove(key),
                };
        }
        return this with { Spec = spec };
    }
}
