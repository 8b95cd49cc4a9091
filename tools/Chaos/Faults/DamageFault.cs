using System.Globalization;
using TrainingCluster.Modeling.Numerics;

namespace TrainingCluster.Chaos.Faults;

/// <summary>
/// While the power is off, the newest checkpoint loses a file or the end of one, or has a bit flipped. It must be named and passed over.
/// </summary>
internal sealed class DamageFault : IFault
{
    public async Task<FaultResult> RunAsync(ChaosContext context, PlannedFault plan, CancellationToken cancellationToken)
    {
        // A job that is about to end may have ended before the damage matters.
        var began = context.Time.GetTimestamp();
        while (context.Jobs.Step > 0.7 * context.Job.Steps || Newest(context) is null)
        {
            if (context.Time.GetElapsedTime(began) > ChaosContext.Timeout)
            {
                return new FaultResult(null, TimeSpan.Zero, "no job had a checkpoint to damage");
            }
            await context.DelayAsync(TimeSpan.FromMilliseconds(50), cancellationToken);
        }
        var events = context.Jobs.EventCount;
        var (damaged, what) = ("", "");
        var result = await PowerFault.CutAsync(
            context,
            plan,
            () =>
            {
                var folder = Newest(context);
                if (folder is null)
                {
                    return null;
                }
                (damaged, what) = (Path.GetFileName(folder), Damage(folder, new DeterministicRandom(plan.Key)));
                return $"checkpoint {damaged}: {what}";
            },
            cancellationToken
        );
        var named = await context.Jobs.SeeAsync(
            item => item.Fault is { } fault && fault.Cause.StartsWith($"checkpoint {damaged} is damaged", StringComparison.Ordinal),
            events,
            ChaosContext.Timeout,
            cancellationToken
        );
        return damaged.Length == 0 || named is null
            ? result with
            {
                Proof = null,
                Problem =
                    damaged.Length == 0
                        ? "the job had ended before its checkpoint could be damaged"
                        : $"checkpoint {damaged} ({what}) was not named",
            }
            : result with
            {
                Proof = $"{result.Proof}; the job's fault: '{named.Fault.Cause}'",
            };
    }

    private static string? Newest(ChaosContext context)
    {
        var folder = Path.Combine(context.Cluster.CoordinatorFolder, "jobs", context.Jobs.Current, "checkpoints");
        return context.Jobs.Current.Length == 0 || !Directory.Exists(folder)
            ? null
            : Directory
                .GetDirectories(folder)
                .Where(path => long.TryParse(Path.GetFileName(path), NumberStyles.None, CultureInfo.InvariantCulture, out _))
                .MaxBy(path => long.Parse(Path.GetFileName(path), CultureInfo.InvariantCulture));
    }

    private static string Damage(string folder, DeterministicRandom random)
    {
        var files = Directory.GetFiles(folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal).ToList();
        var path = files[random.Next(files.Count)];
        var name = Path.GetRelativePath(folder, path);
        switch (random.Next(3))
        {
            case 0:
                File.Delete(path);
                return $"{name} removed";
            case 1:
                using (var file = File.OpenWrite(path))
                {
                    file.SetLength(file.Length / 2);
                }
                return $"{name} cut to half";
            default:
                var bytes = File.ReadAllBytes(path);
                var at = random.Next(bytes.Length);
                bytes[at] ^= 1;
                File.WriteAllBytes(path, bytes);
                return $"a bit of {name} flipped";
        }
    }
}
