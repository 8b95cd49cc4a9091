using System.Threading.Channels;
using Grpc.Core;
using Microsoft.Extensions.Options;
using TrainingCluster.Access;
using TrainingCluster.Errors;
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
    /// <inheritdoc/>
    public override Task<TranslateResponse> Translate(TranslateRequest request, ServerCallContext context)
    {
        ArgumentNullException.ThrowIfNull(request);
        return MeasureAsync(
            "translate",
            context,
            cancellationToken =>
            {
                var call = Read(
                    request.Model,
                    [.. request.Texts.Select((text, i) => ($"texts[{i}]", text))],
                    request.Search,
                    request.IncludeAttention,
                    null
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
                var call = Read(
                    request.Model,
                    [("text", request.Text)],
                    request.Search,
                    request.IncludeAttention,
                    piece => pieces.Writer.TryWrite(piece)
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
                    try
                    {
                        await responseStream
                            .WriteAsync(message, cancellationToken)
                            .WaitAsync(settings.Value.ReadTimeout, time, cancellationToken);
                    }
                    catch (TimeoutException)
                    {
                        // What it does not take would keep the stream open for ever.
                        context.GetHttpContext().Abort();
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
                    $"{request.PageSize} is negative; use 0 for the default ({RequestLimits.DefaultPage}), at most {RequestLimits.GreatestPage}"
                )
            );
        }
        var size = request.PageSize == 0 ? RequestLimits.DefaultPage : Math.Min(request.PageSize, RequestLimits.GreatestPage);
        var page = calls
            .Visible(Caller.Of(context))
            .Where(view => string.CompareOrdinal(view.Offer.Id, request.PageToken) > 0)
            .Take(size + 1)
            .ToList();
        var response = new ListModelsResponse { Models = { page.Take(size).Select(TranslationWriter.Write) } };
        response.NextPageToken = page.Count > size ? page[size - 1].Offer.Id : "";
        return Task.FromResult(response);
    }

    private TranslationCall Read(
        string model,
        IReadOnlyList<(string Field, string Text)> texts,
        SearchSettings? search,
        bool includeAttention,
        Action<string>? piece
    )
    {
        var problems = new List<(string, string)>();
        var options = SearchReader.Read(search, batching.Value.MaxTokens, problems);
        if (texts.Count is 0 or > RequestLimits.Texts)
        {
            problems.Add(("texts", $"there are {texts.Count}; give 1 to {RequestLimits.Texts}"));
        }
        else
        {
            problems.AddRange(
                texts
                    .Select(text => (text.Field, Problem: TextReader.ProblemOf(text.Text)))
                    .Where(p => p.Problem is not null)
                    .Select(p => (p.Field, p.Problem!))
            );
        }
        return problems.Count == 0
            ? new TranslationCall(model, texts, options, search?.Alternatives ?? 0, includeAttention, piece)
            : throw RpcErrors.Invalid([.. problems]);
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
                throw RpcErrors.Info(StatusCode.DeadlineExceeded, "DEADLINE_PASSED", "the deadline had passed when the call came in");
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
            throw new RpcException(
                new Status(result, isLate ? "the deadline has passed; what was left was not computed" : "the call was cancelled")
            );
        }
        finally
        {
            metrics.CountRequest(method, result, time.GetElapsedTime(began));
        }
    }
}
