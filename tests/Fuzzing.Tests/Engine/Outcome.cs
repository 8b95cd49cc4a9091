using System.Diagnostics;

namespace TrainingCluster.Fuzzing.Tests.Engine;

/// <summary>What a target did with an input.</summary>
/// <param name="Accepted">It returned.</param>
/// <param name="Kind">Equal for inputs that show the same defect. Null: it kept its promise.</param>
/// <param name="Detail">For people.</param>
internal sealed record Outcome(bool Accepted, string? Kind, string Detail)
{
    private static readonly Outcome s_accepted = new(true, null, "");
    private static readonly Outcome s_refused = new(false, null, "");

    /// <summary>Reads an input.</summary>
    public static Outcome Of(FuzzTarget target, byte[] input)
    {
        var (outcome, allocated) = Measured(target, input);
        var limit = target.AllocatedAlways + target.AllocatedPerByte * input.Length;
        if (outcome.Kind is not null || allocated <= limit)
        {
            return outcome;
        }
        // The first one to come somewhere pays for what is made once in a process.
        (outcome, allocated) = Measured(target, input);
        return outcome.Kind is not null || allocated <= limit
            ? outcome
            : new(outcome.Accepted, "allocation", $"{allocated} bytes allocated for {input.Length} bytes of input; the limit is {limit}");
    }

    private static (Outcome Outcome, long Allocated) Measured(FuzzTarget target, byte[] input)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        Outcome outcome;
        try
        {
            target.Read(input);
            outcome = s_accepted;
        }
        catch (Exception e) when (target.IsRefusal(e))
        {
            outcome = s_refused;
        }
        catch (Exception e)
        {
            // Ours: a defect is told from another by where in this repository it came through.
            var frame = new StackTrace(e)
                .GetFrames()
                .Select(frame => frame.GetMethod())
                .FirstOrDefault(method =>
                    method?.DeclaringType?.FullName?.StartsWith("TrainingCluster.", StringComparison.Ordinal) == true
                );
            outcome = new(false, $"{e.GetType().Name} in {frame?.DeclaringType?.Name}.{frame?.Name}", e.ToString());
        }
        return (outcome, GC.GetAllocatedBytesForCurrentThread() - before);
    }
}
