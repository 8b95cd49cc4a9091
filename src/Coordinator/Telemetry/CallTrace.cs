using System.Diagnostics;
using Grpc.Core;
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
}
