using System.Diagnostics;

namespace TrainingCluster.Telemetry;

/// <summary>
/// The spans of a job: what was done for it, where, and how long it took, as one trace over all programs. Without a collector
/// (<see cref="ProgramTracing"/>) nobody listens, and no span is made.
/// </summary>
public static class Spans
{
    /// <summary>The name of the source.</summary>
    public const string SourceName = "TrainingCluster";

    /// <summary>The job, of which a span is.</summary>
    public const string Job = "cluster.job";

    /// <summary>The generation.</summary>
    public const string Generation = "cluster.generation";

    /// <summary>The step.</summary>
    public const string Step = "cluster.step";

    /// <summary>The worker.</summary>
    public const string Worker = "cluster.worker";

    /// <summary>The worker's rank in the generation.</summary>
    public const string Rank = "cluster.rank";

    /// <summary>Beside the first step of a generation each step whose number this divides has a span, on every worker alike.</summary>
    public const int StepInterval = 100;

    private static readonly ActivitySource s_source = new(SourceName);

    /// <summary>Begins a span. Not one of the thread: spans of jobs outlive calls and move between threads.</summary>
    /// <param name="name">What is done.</param>
    /// <param name="parent">What it is part of.</param>
    /// <param name="kind">Whether it answers a call of another program.</param>
    /// <param name="began">When it began; null: now.</param>
    /// <returns>Null: nobody wants to know.</returns>
    public static Activity? Begin(
        string name,
        ActivityContext parent,
        ActivityKind kind = ActivityKind.Internal,
        DateTimeOffset? began = null
    )
    {
        if (!s_source.HasListeners())
        {
            return null;
        }
        var current = Activity.Current;
        var span = s_source.StartActivity(name, kind, parent, startTime: began ?? default);
        Activity.Current = current;
        return span;
    }

    /// <summary>Ends a span.</summary>
    /// <param name="span">Null: there is none.</param>
    /// <param name="problem">What went wrong; null: nothing.</param>
    /// <param name="ended">When it ended; null: now.</param>
    public static void End(this Activity? span, string? problem = null, DateTimeOffset? ended = null)
    {
        if (span is null)
        {
            return;
        }
        if (problem is not null)
        {
            span.SetStatus(ActivityStatusCode.Error, problem);
        }
        if (ended is { } at)
        {
            span.SetEndTime(at.UtcDateTime);
        }
        var current = Activity.Current;
        span.Stop();
        Activity.Current = current;
    }

    /// <summary>Does what a span is about, and ends it, however that ends.</summary>
    public static T During<T>(this Activity? span, Func<T> work)
    {
        ArgumentNullException.ThrowIfNull(work);
        try
        {
            var result = work();
            span.End();
            return result;
        }
        catch (Exception e)
        {
            span.End(e.Message);
            throw;
        }
    }

    /// <inheritdoc cref="During{T}(Activity?, Func{T})"/>
    public static async Task<T> DuringAsync<T>(this Activity? span, Func<Task<T>> work)
    {
        ArgumentNullException.ThrowIfNull(work);
        try
        {
            var result = await work();
            span.End();
            return result;
        }
        catch (Exception e)
        {
            span.End(e.Message);
            throw;
        }
    }

    /// <summary>Whether a step has a span.</summary>
    /// <param name="step">The step.</param>
    /// <param name="isFirst">Whether it is the first of its generation.</param>
    public static bool IsSampled(long step, bool isFirst) => isFirst || step % StepInterval == 0;
}
