using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using Google.Rpc;
using Grpc.Core;
using TrainingCluster.V1;

namespace TrainingCluster.Serving.Tests.Api;

/// <summary>Calls that end early, come too many at a time, or when the server ends.</summary>
public class CallFlowTests
{
    private static readonly SearchSettings s_wide = new() { Beam = 64 };

    private static CancellationToken Ended => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Translate_DeadlineAlreadyPast_IsNotComputed()
    {
        await using var server = await TestServer.StartAsync();
        // A client of gRPC would not even send it: in the header as it goes over the wire.
        using var client = new HttpClient { BaseAddress = new Uri($"http://{server.Channel.Target}") };
        using var request = new HttpRequestMessage(HttpMethod.Post, "/cluster.v1.Inference/Translate")
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent(Frame(new TranslateRequest { Texts = { "3. Mai 2021" } })),
        };
        request.Headers.Add("grpc-timeout", "1u");
        request.Headers.TE.ParseAdd("trailers");
        request.Content.Headers.ContentType = new("application/grpc");
        using var response = await client.SendAsync(request, Ended);
        await response.Content.ReadAsByteArrayAsync(Ended);
        var status = response.TrailingHeaders.Concat(response.Headers).First(header => header.Key == "grpc-status").Value.Single();
        Assert.Equal($"{(int)StatusCode.DeadlineExceeded}", status);
        Assert.Contains("sentences_total 0\n", await MetricsAsync(server), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Translate_CancelledWhileItWaits_LeavesTheQueue()
    {
        await using var server = await TestServer.StartAsync();
        using var cancel = new CancellationTokenSource();
        var busy = BusyAsync(server);
        await UntilAsync(() => server.Queue.Count > 0);
        var call = server.Client.TranslateAsync(new TranslateRequest { Texts = { "1" } }, cancellationToken: cancel.Token).ResponseAsync;
        await cancel.CancelAsync();
        var error = await Assert.ThrowsAsync<RpcException>(() => call);
        Assert.Equal(StatusCode.Cancelled, error.StatusCode);
        await busy;
        await UntilAsync(() => server.Queue.Count == 0);
    }

    [Fact]
    public async Task Translate_CancelledWhileItIsComputed_StopsAndTheNextIsAnswered()
    {
        const int Texts = 256;
        await using var server = await TestServer.StartAsync();
        using var cancel = new CancellationTokenSource();
        var request = new TranslateRequest { Texts = { Enumerable.Repeat(InferenceRefusalTests.Words(100), Texts) } };
        var call = server.Client.TranslateAsync(request, cancellationToken: cancel.Token).ResponseAsync;
        // Some sentences have left the queue, and are being computed.
        await UntilAsync(() => server.Queue.Count is > 0 and < Texts - 8);
        await cancel.CancelAsync();
        await Assert.ThrowsAsync<RpcException>(() => call);
        var answer = await server.Client.TranslateAsync(new TranslateRequest { Texts = { "3. Mai 2021" } }, cancellationToken: Ended);
        Assert.Equal("2021-05-03", answer.Translations.Single().Text);
        // Most of the cancelled ones were not computed.
        var counted = (await MetricsAsync(server))
            .Split('\n')
            .Single(line => line.StartsWith("training_cluster_serving_sentences_total ", StringComparison.Ordinal));
        Assert.InRange(int.Parse(counted.Split(' ')[^1], CultureInfo.InvariantCulture), 1, Texts - 8);
    }

    [Fact]
    public async Task Translate_QueueFull_IsRefusedWithATimeToTryAgain()
    {
        await using var server = await TestServer.StartAsync(settings: Settings("Batching:MaxQueue", "64"));
        var error = await InferenceRefusalTests.RefusedAsync(
            new TranslateRequest { Texts = { Enumerable.Repeat("3. Mai 2021", 65) }, Search = s_wide },
            server
        );
        Assert.Equal((StatusCode.ResourceExhausted, "QUEUE_FULL"), (error.StatusCode, InferenceRefusalTests.Find<ErrorInfo>(error).Reason));
        Assert.True(InferenceRefusalTests.Find<RetryInfo>(error).RetryDelay.ToTimeSpan() > TimeSpan.Zero);
        var answer = await server.Client.TranslateAsync(new TranslateRequest { Texts = { "3. Mai 2021" } }, cancellationToken: Ended);
        Assert.Equal("2021-05-03", answer.Translations.Single().Text);
    }

    [Fact]
    public async Task TranslateStream_ClientsThatNeverRead_KeepNobodyWaiting()
    {
        await using var server = await TestServer.StartAsync(settings: Settings("Calls:ReadTimeout", "200 ms"));
        var unread = Enumerable
            .Range(0, 8)
            .Select(_ =>
                server.Client.TranslateStream(
                    // More than a client takes unread: the windows of HTTP/2 are full.
                    new TranslateStreamRequest
                    {
                        Text = InferenceRefusalTests.Words(60),
                        IncludeAttention = true,
                        Search = new() { Beam = 1 },
                    },
                    cancellationToken: Ended
                )
            )
            .ToList();
        for (var i = 0; i < 5; i++)
        {
            var answer = await server.Client.TranslateAsync(new TranslateRequest { Texts = { "3. Mai 2021" } }, cancellationToken: Ended);
            Assert.Equal("2021-05-03", answer.Translations.Single().Text);
        }
        unread.ForEach(call => call.Dispose());
        // None of them keeps the server from ending.
        await server.Gate.CloseAsync().WaitAsync(Ended);
    }

    [Fact]
    public async Task Close_CallsThatAreThere_AreAnsweredAndNewOnesRefused()
    {
        await using var server = await TestServer.StartAsync();
        var taken = BusyAsync(server);
        await UntilAsync(() => server.Queue.Count > 0);
        var drained = server.Gate.CloseAsync();
        var error = await InferenceRefusalTests.RefusedAsync(new TranslateRequest { Texts = { "1" } }, server);
        Assert.Equal((StatusCode.Unavailable, "DRAINING"), (error.StatusCode, InferenceRefusalTests.Find<ErrorInfo>(error).Reason));
        Assert.NotNull(InferenceRefusalTests.Find<RetryInfo>(error));
        Assert.All((await taken).Translations, translation => Assert.Equal("2021-05-03", translation.Text));
        await drained.WaitAsync(Ended);
    }

    [Fact]
    public async Task Http_Json_AnswersAsGrpcDoes()
    {
        await using var server = await TestServer.StartAsync();
        foreach (var path in new[] { "/v1/models/dates:translate", "/v1/models:translate" })
        {
            using var answer = JsonDocument.Parse(await PostAsync(server, path, "{\"texts\":[\"3. Mai 2021\"]}", HttpStatusCode.OK));
            Assert.Equal("2021-05-03", answer.RootElement.GetProperty("translations")[0].GetProperty("text").GetString());
        }
        var models = await server.Http.GetStringAsync("/v1/models", Ended);
        Assert.Contains("\"id\": \"dates\"", models.Replace("\":\"", "\": \"", StringComparison.Ordinal), StringComparison.Ordinal);
        var lines = await PostAsync(server, "/v1/models/dates:translateStream", "{\"text\":\"3. Mai 2021\"}", HttpStatusCode.OK);
        var pieces = lines
            .Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => JsonDocument.Parse(line).RootElement)
            .Where(message => message.TryGetProperty("piece", out _))
            .Select(message => message.GetProperty("piece").GetString());
        Assert.Equal("2021-05-03", string.Concat(pieces));
    }

    [Theory]
    [InlineData("/v1/models/other:translate", "{\"texts\":[\"1\"]}", HttpStatusCode.NotFound, "there is no model 'other'")]
    [InlineData("/v1/models/dates:translate", "{\"texts\":[]}", HttpStatusCode.BadRequest, "give 1 to 256")]
    [InlineData("/v1/models/dates:translate", "{\"texts\":", HttpStatusCode.BadRequest, "")]
    public async Task Http_BadInput_IsAnErrorInJson(string path, string body, HttpStatusCode status, string message)
    {
        await using var server = await TestServer.StartAsync();
        using var error = JsonDocument.Parse(await PostAsync(server, path, body, status));
        Assert.Contains(message, error.RootElement.GetProperty("message").GetString(), StringComparison.Ordinal);
        var counted = status == HttpStatusCode.NotFound ? nameof(StatusCode.NotFound) : nameof(StatusCode.InvalidArgument);
        var metrics = await MetricsAsync(server);
        Assert.Contains($"refused_total{{kind=\"call\",reason=\"{counted}\"}} 1\n", metrics, StringComparison.Ordinal);
        Assert.Contains(
            $"rpc_duration_seconds_count{{method=\"cluster.v1.Inference/Translate\",code=\"{counted}\"}} 1\n",
            metrics,
            StringComparison.Ordinal
        );
    }

    private static async Task<string> PostAsync(TestServer server, string path, string body, HttpStatusCode status)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var response = await server.Http.PostAsync(path, content, Ended);
        var text = await response.Content.ReadAsStringAsync(Ended);
        Assert.True(response.StatusCode == status, $"{response.StatusCode}: {text}");
        return text;
    }

    /// <summary>More than a batch: some of it waits in the queue for a while.</summary>
    private static Task<TranslateResponse> BusyAsync(TestServer server) =>
        server
            .Client.TranslateAsync(
                new TranslateRequest { Texts = { Enumerable.Repeat("3. Mai 2021", 256) }, Search = s_wide },
                cancellationToken: Ended
            )
            .ResponseAsync;

    private static async Task UntilAsync(Func<bool> isSo)
    {
        while (!isSo())
        {
            await Task.Delay(1, Ended);
        }
    }

    private static Task<string> MetricsAsync(TestServer server) => server.Http.GetStringAsync("/metrics", Ended);

    private static Dictionary<string, string?> Settings(string name, string value) => new() { [name] = value };

    private static byte[] Frame(TranslateRequest message)
    {
        var bytes = Google.Protobuf.MessageExtensions.ToByteArray(message);
        return [0, 0, 0, (byte)(bytes.Length >> 8), (byte)bytes.Length, .. bytes];
    }
}
