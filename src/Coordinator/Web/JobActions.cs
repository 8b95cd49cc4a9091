using System.Diagnostics;
using Akka.Actor;
using Grpc.Core;
using TrainingCluster.Access;
using TrainingCluster.Coordinator.Hosting;
using TrainingCluster.Coordinator.Jobs;
using TrainingCluster.Coordinator.Store;
using TrainingCluster.Coordinator.Telemetry;
using TrainingCluster.Errors;
using TrainingCluster.Telemetry;

namespace TrainingCluster.Coordinator.Web;

/// <summary>
/// What the buttons of a job's page do: the same as the calls of the API, with the same line in the log and a trace of its own.
/// </summary>
internal sealed partial class JobActions(JobChanges changes, ILogger<JobActions> logger)
{
    private readonly Dictionary<string, Func<StoredJob, CancellationToken, Task>> _actions = new(StringComparer.Ordinal)
    {
        ["suspend"] = (job, cancellationToken) => changes.SetSuspendAsync(job.Id, true, cancellationToken),
        ["resume"] = (job, cancellationToken) => changes.SetSuspendAsync(job.Id, false, cancellationToken),
        ["cancel"] = (job, cancellationToken) => CancelAsync(changes, job, cancellationToken),
    };

    /// <summary>Whether there is such an action.</summary>
    public bool Has(string action) => _actions.ContainsKey(action);

    /// <summary>Does it. The answer's header <c>trace-id</c> names the trace, as it does for calls.</summary>
    /// <returns>Null: it is done; else the status, and why not.</returns>
    public async Task<(int Status, string Text)?> DoAsync(HttpContext http, Caller caller, string action, StoredJob job)
    {
        var trace = TraceParent.Read(http.Request.Headers[TraceParent.Key]) ?? TraceParent.New();
        var method = $"page/{action}";
        var span = Spans.Begin(method, trace, ActivityKind.Server);
        http.Response.Headers[TraceParent.AnswerKey] = trace.TraceId.ToString();
        var address = $"{http.Connection.RemoteIpAddress}";
        var by = caller.Name.Length > 0 ? $"{RequestIds.OneLine(caller.Name)} at {address}" : address;
        try
        {
            await CallTrace.RunAsync(
                logger,
                trace,
                span,
                () => AuditInterceptor.RecordAsync(logger, method, job.Id, by, RequestIds.Of(http), WorkAsync)
            );
            return null;
        }
        catch (RpcException e)
        {
            return (StatusOf(e.StatusCode), e.Status.Detail);
        }
        catch (AskTimeoutException)
        {
            return (StatusCodes.Status503ServiceUnavailable, "The coordinator's actors did not answer in time; try again.");
        }
        catch (IOException e)
        {
            LogFailed(action, job.Id, e);
            return (
                StatusCodes.Status503ServiceUnavailable,
                $"The coordinator's storage failed; its log says how, under the trace id {trace.TraceId}."
            );
        }

        async Task<bool> WorkAsync()
        {
            await _actions[action](job, http.RequestAborted);
            return true;
        }
    }

    private static Task CancelAsync(JobChanges changes, StoredJob job, CancellationToken cancellationToken)
    {
        JobChanges.RequireNotEnded(job, "cancelled");
        return changes.CancelAsync(job, "cancelled on the page", cancellationToken);
    }

    private static int StatusOf(StatusCode code) =>
        code switch
        {
            StatusCode.NotFound => StatusCodes.Status404NotFound,
            StatusCode.FailedPrecondition or StatusCode.Aborted => StatusCodes.Status409Conflict,
            StatusCode.InvalidArgument => StatusCodes.Status400BadRequest,
            _ => StatusCodes.Status503ServiceUnavailable,
        };

    [LoggerMessage(EventId = 270, Level = LogLevel.Error, Message = "{Action} of '{Job}' on the page failed")]
    private partial void LogFailed(string action, string job, Exception error);
}
