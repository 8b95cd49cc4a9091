using System.Threading.Channels;
using Grpc.Core;
using Microsoft.Extensions.Options;
using TrainingCluster.Access;
using TrainingCluster.Errors;
using TrainingCluster.Paging;
using TrainingCluster.Serving.Batching;
using TrainingCluster.Serving.Hosting;
using TrainingCluster.Serving.Telemetry;
using TrainingCluster.V1;

namespace TrainingCluster.Serving.Api;

/// <summary>gRPC Inference: what applications call.</summary>
internal sealed class InferenceService(
    TranslationCalls calls,
    CallGate gate,
    IOptions<BatchingOptions> batching,
    IOptions<CallSettings> settings,
    ServingMetrics metrics,
    TimeProvider time
) : Inference.InferenceBase
{
    private const string DeadlinePassed = "DEADLINE_PASSED";
    private const string ModelList = "models";

    /// <inheritdoc/>
    public override Task<TranslateResponse> Translate(TranslateRequest request, ServerCallContext context)
    {
        ArgumentNullException.ThrowIfNull(request);
        return MeasureAsync(
            "translate",
            context,
            cancellationToken =>
            {
                var call = CallReader.Read(
                    request.Model,
                    [.. request.Texts.Select((text, i) => ($"texts[{i}]", text))],
                    request.Search,
                    request.IncludeAttention,
                    null,
                    batching.Value
                );
                return calls.RunAsync(call, Caller.Of(context), cancellationToken);
            }
        );
    }

    /// <inheritdoc/>
    public override Task TranslateStream(
        TranslateStreamRequest request,
        IServerStreamWriter<TranslateStreamResponse> responseStream,
        ServerCallContext context
    )
    {
        ArgumentNullException.ThrowIfNull(request);
        return MeasureAsync(
            "translate_stream",
            context,
            async cancellationToken =>
            {
                // No bound: a translation has one, and who computes must not wait for who reads.
                var pieces = Channel.CreateUnbounded<string>(new() { SingleReader = true, SingleWriter = true });
                var call = CallReader.Read(
                    request.Model,
                    [("text", request.Text)],
                    request.Search,
                    request.IncludeAttention,
                    piece => pieces.Writer.TryWrite(piece),
                    batching.Value
                );
                using var unread = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
                var answer = AnswerAsync();
                try
                {
                    await foreach (var piece in pieces.Reader.ReadAllAsync(CancellationToken.None))
                    {
                        await SendAsync(new() { Piece = piece });
                    }
                    var response = await answer;
                    await SendAsync(new() { Result = response });
                    return response;
                }
                finally
                {
                    // Nobody reads any more: the rest is not computed, and the model is let go of before the call ends.
                    await unread.CancelAsync();
                    await answer.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
                }

                async Task<TranslateResponse> AnswerAsync()
                {
                    try
                    {
                        return await calls.RunAsync(call, Caller.Of(context), unread.Token);
                    }
                    finally
                    {
                        pieces.Writer.Complete();
                    }
                }

                async Task SendAsync(TranslateStreamResponse message)
                {
                    var sending = responseStream.WriteAsync(message, cancellationToken);
                    try
                    {
                        await sending.WaitAsync(settings.Value.ReadTimeout, time, cancellationToken);
                    }
                    catch (TimeoutException)
                    {
                        await AbortAsync(context, sending);
                        throw RpcErrors.Info(
                            StatusCode.Aborted,
                            "CLIENT_TOO_SLOW",
                            $"the client has not taken a message within {settings.Value.ReadTimeout.TotalSeconds:0.#} s"
                        );
                    }
                }
            }
        );
    }

    /// <inheritdoc/>
    public override Task<ListModelsResponse> ListModels(ListModelsRequest request, ServerCallContext context)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (request.PageSize < 0)
        {
            throw RpcErrors.Invalid(
                (
                    "page_size",
                    $"{request.PageSize} is negative; use 0 for the default ({RequestLimits.DefaultPage}), at most "
                        + $"{RequestLimits.GreatestPage}"
                )
            );
        }
        var size = request.PageSize == 0 ? RequestLimits.DefaultPage : Math.Min(request.PageSize, RequestLimits.GreatestPage);
        var last = PageToken.Read(ModelList, request.PageToken) ?? "";
        var page = calls.Visible(Caller.Of(context)).Where(view => string.CompareOrdinal(view.Offer.Id, last) > 0).Take(size + 1).ToList();
        var response = new ListModelsResponse { Models = { page.Take(size).Select(TranslationWriter.Write) } };
        response.NextPageToken = page.Count > size ? PageToken.Of(ModelList, page[size - 1].Offer.Id) : "";
        return Task.FromResult(response);
    }

    /// <summary>Cuts a client off: what it does not take would keep its stream open for ever.</summary>
    private static async Task AbortAsync(ServerCallContext context, Task sending)
    {
        var aborted = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var told = context.CancellationToken.Register(aborted.SetResult);
        context.GetHttpContext().Abort();
        // The call must not have ended before it hears of it.
        await aborted.Task;
        await sending.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
    }

    private async Task<TranslateResponse> MeasureAsync(
        string method,
        ServerCallContext context,
        Func<CancellationToken, Task<TranslateResponse>> answer
    )
    {
        var began = time.GetTimestamp();
        var result = StatusCode.Internal;
        try
        {
            using var entered = gate.Enter();
            context.CancellationToken.ThrowIfCancellationRequested();
            if (context.Deadline <= time.GetUtcNow().UtcDateTime)
            {
                throw RpcErrors.Info(StatusCode.DeadlineExceeded, DeadlinePassed, "the deadline had passed when the call came in");
            }
            var response = await answer(context.CancellationToken);
            result = StatusCode.OK;
            return response;
        }
        catch (RpcException error)
        {
            result = error.StatusCode;
            throw;
        }
        catch (OperationCanceledException)
        {
            var isLate = context.Deadline <= time.GetUtcNow().UtcDateTime;
            result = isLate ? StatusCode.DeadlineExceeded : StatusCode.Cancelled;
            throw RpcErrors.Info(
                result,
                isLate ? DeadlinePassed : "CANCELLED",
                isLate ? "the deadline has passed; what was left was not computed" : "the call was cancelled"
            );
        }
        finally
        {
            metrics.CountRequest(method, result, time.GetElapsedTime(began));
        }
    }
}
