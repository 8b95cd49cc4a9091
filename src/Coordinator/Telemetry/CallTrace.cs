using System.Diagnostics;
using Grpc.Core;
using TrainingCluster.Logging;
using TrainingCluster.Telemetry;

namespace TrainingCluster.Coordinator.Telemetry;

/// <summary>The trace that a call belongs to.</summary>
internal static class CallTrace
{
    private static readonly object s_key = new();

    /// <summary>The trace of the call: the caller's, or one that was made for it.</summary>
    public static ActivityContext Of(ServerCallContext context) =>
        context.UserState.TryGetValue(s_key, out var trace) ? (ActivityContext)trace : default;

    /// <summary>The trace id, for people.</summary>
    public static string IdOf(ServerCallContext context) => Of(context) is { TraceId: var id } && id != default ? id.ToString() : "";

    /// <summary>Takes the caller's trace, or makes one where it sent none that can be read.</summary>
    public static ActivityContext Begin(ServerCallContext context)
    {
        var trace = TraceParent.Read(context.RequestHeaders.GetValue(TraceParent.Key)) ?? TraceParent.New();
        Set(context, trace);
        return trace;
    }

    /// <summary>What the call does is part of this.</summary>
    public static void Set(ServerCallContext context, ActivityContext trace) => context.UserState[s_key] = trace;

    /// <summary>Does a call: every line that is logged for it names its trace, and its span ends with it.</summary>
    /// <param name="logger">Holds the trace for the lines.</param>
    /// <param name="trace">The trace.</param>
    /// <param name="span">Null: it has none.</param>
    /// <param name="call">Does it.</param>
    public static async Task<T> RunAsync<T>(ILogger logger, ActivityContext trace, Activity? span, Func<Task<T>> call)
    {
        using var scope = logger.BeginScope(new LogScope((LogScope.TraceId, trace.TraceId.ToString())));
        try
        {
            var result = await call();
            span.End();
            return result;
        }
        catch (Exception e)
        {
            span.End(e is RpcException failed ? $"{failed.StatusCode}: {failed.Status.Detail}" : e.Message);
            throw;
        }
    }
}
