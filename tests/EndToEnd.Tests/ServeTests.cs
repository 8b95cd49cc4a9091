using System.Text.Json;
using Grpc.Core;
using Grpc.Net.Client;
using TrainingCluster.V1;

namespace TrainingCluster.EndToEnd.Tests;

/// <summary>A server of translations beside a cluster, as applications use it.</summary>
public sealed class ServeTests(UpFixture up) : IClassFixture<UpFixture>, IDisposable
{
    private const string Sentence = "3. Mai 2021";
    private readonly Workspace _workspace = new();

    private static CancellationToken Ended => TestContext.Current.CancellationToken;

    public void Dispose() => _workspace.Dispose();

    [Fact]
    public async Task Serve_JobThatTrains_AnswersOnceItHasSucceededAsTranslateDoes()
    {
        // So long that the server is there before its end.
        var job = await SubmitAsync(steps: 400);
        await using var serve = await ServeAsync("--model", job, "--coordinator", up.Coordinator);
        using var channel = GrpcChannel.ForAddress(serve.Address);
        var client = new Inference.InferenceClient(channel);
        var early = await Assert.ThrowsAsync<RpcException>(() => TranslateAsync(client, Sentence));
        Assert.Equal(StatusCode.FailedPrecondition, early.StatusCode);
        Assert.Contains($"job {job} is ", early.Status.Detail, StringComparison.Ordinal);
        var waited = await ClusterCommand.RunAsync(_workspace, "", "watch", job, "--coordinator", up.Coordinator);
        Assert.True(waited.ExitCode == 0, waited.All);
        await UntilLoadedAsync(client);

        // The same words as './cluster translate' has for the same model.
        var artifacts = await ClusterCommand.RunAsync(
            _workspace,
            "",
            "artifacts",
            job,
            "--coordinator",
            up.Coordinator,
            "--out",
            _workspace.At("model")
        );
        Assert.True(artifacts.ExitCode == 0, artifacts.All);
        var lines = await File.ReadAllLinesAsync(_workspace.At("valid.source"), Ended);
        var translated = await ClusterCommand.RunAsync(
            _workspace,
            string.Concat(lines.Select(line => line + "\n")),
            "translate",
            "--model",
            _workspace.At("model")
        );
        var answers = await Task.WhenAll(lines.Select(line => TranslateAsync(client, line)));
        Assert.Equal(translated.Output.TrimEnd('\n').Split('\n'), answers);

        // In pieces.
        Assert.Equal(await TranslateAsync(client, Sentence), await StreamAsync(client, Sentence));
        // A call that is cancelled, and a client that is killed, keep nobody else waiting.
        using (var cancel = new CancellationTokenSource())
        using (var call = client.TranslateStream(new TranslateStreamRequest { Text = Sentence }, cancellationToken: cancel.Token))
        {
            await call.ResponseStream.MoveNext(Ended);
            await cancel.CancelAsync();
        }
        Assert.Equal(await TranslateAsync(client, Sentence), await StreamAsync(client, Sentence));
        Assert.Equal(0, await serve.StopAsync());
    }

    [Fact]
    public async Task Serve_FolderReplacedAndClientKilled_AnswersWithTheNewModel()
    {
        var (first, second) = (await TrainAsync("first", 20), await TrainAsync("second", 24));
        Copy("first", "served");
        await using var serve = await ServeAsync("--model", _workspace.At("served"), "--set", "Models:RefreshInterval=100 ms");
        using var channel = GrpcChannel.ForAddress(serve.Address);
        var client = new Inference.InferenceClient(channel);
        Assert.Equal(first, (await AnswerAsync(client, Sentence)).WeightsSha256);
        // Its connection breaks in the middle of a call.
        using (var handler = new SocketsHttpHandler())
        {
            using var lost = GrpcChannel.ForAddress(serve.Address, new GrpcChannelOptions { HttpHandler = handler });
            _ = new Inference.InferenceClient(lost).TranslateAsync(
                new TranslateRequest { Texts = { Enumerable.Repeat(Sentence, 200) } },
                cancellationToken: Ended
            );
        }
        Copy("second", "served");
        while ((await AnswerAsync(client, Sentence)).WeightsSha256 != second)
        {
            await Task.Delay(20, Ended);
        }
        Assert.Equal(0, await serve.StopAsync());
    }

    [Fact]
    public async Task Serve_OneOfTwoServersKilledWhileItAnswers_EveryCallIsAnsweredByTheOther()
    {
        var model = Path.Combine(Repository.Root, "examples", "attention", "models", "dates");
        await using var dying = await ServeAsync("--model", model);
        await using var other = await ServeAsync("--model", model);
        using var channel = Failover.Connect(dying.Address, other.Address);
        var client = new Inference.InferenceClient(channel);
        var answers = new List<Task<string>>();
        for (var call = 0; call < 60; call++)
        {
            answers.Add(TranslateAsync(client, Sentence));
            if (call == 20)
            {
                // Some are answered, some under way.
                await answers[0];
                ClusterCommand.Signal(dying.Pid, ClusterCommand.SigKill);
            }
            await Task.Delay(10, Ended);
        }
        Assert.All(await Task.WhenAll(answers), answer => Assert.Equal("2021-05-03", answer));
        Assert.Equal(0, await other.StopAsync());
    }

    [Fact]
    public async Task Serve_WhatCannotBeServed_IsToldAtOnce()
    {
        await RefusedAsync("There is no folder", "--model", "./nowhere");
        await RefusedAsync("holds no model", "--model", _workspace.Path);
        await RefusedAsync("job 'nothing'", "--model", "nothing", "--coordinator", up.Coordinator);
        await RefusedAsync("Models:MaxLoaded '0' is out of range", "--model", _workspace.Path, "--set", "Models:MaxLoaded=0");
        await RefusedAsync("without --tls", "--model", _workspace.Path, "--host", "0.0.0.0");

        async Task RefusedAsync(string why, params string[] arguments)
        {
            var result = await ClusterCommand.RunAsync(_workspace, "", ["serve", .. arguments, "--grpc-port", "0", "--http-port", "0"]);
            Assert.Equal(2, result.ExitCode);
            Assert.Contains(why, result.Error, StringComparison.Ordinal);
        }
    }

    private async Task<string> SubmitAsync(int steps)
    {
        var submitted = await ClusterCommand.RunAsync(
            _workspace,
            "",
            "submit",
            _workspace.WriteJob(steps: steps),
            "--coordinator",
            up.Coordinator
        );
        Assert.True(submitted.ExitCode == 0, submitted.All);
        return submitted.Output.Split(' ')[1].Trim();
    }

    private async Task<string> TrainAsync(string output, int steps)
    {
        var result = await ClusterCommand.RunAsync(_workspace, "", _workspace.Train(output, 1, steps));
        Assert.True(result.ExitCode == 0, result.All);
        using var manifest = JsonDocument.Parse(await File.ReadAllTextAsync(_workspace.At($"{output}/manifest.json"), Ended));
        return manifest.RootElement.GetProperty("weights_sha256").GetString()!;
    }

    /// <summary>The manifest last, as the program itself writes folders.</summary>
    private void Copy(string from, string to)
    {
        Directory.CreateDirectory(_workspace.At(to));
        File.Delete(_workspace.At($"{to}/manifest.json"));
        foreach (var file in new[] { "model.safetensors", "tokenizer.json", "manifest.json" })
        {
            File.Copy(_workspace.At($"{from}/{file}"), _workspace.At($"{to}/{file}"), overwrite: true);
        }
    }

    private async Task<Serving> ServeAsync(params string[] arguments)
    {
        var command = ClusterCommand.Start(_workspace, ["serve", .. arguments, "--grpc-port", "0", "--http-port", "0", "--json"]);
        await command.SeeAsync(text => text.Contains("}\n", StringComparison.Ordinal), "addresses");
        using var document = JsonDocument.Parse(command.Output);
        var ready = document.RootElement;
        return new Serving(command, ready.GetProperty("grpc").GetString()!, ready.GetProperty("pid").GetInt32());
    }

    private static async Task UntilLoadedAsync(Inference.InferenceClient client)
    {
        while ((await client.ListModelsAsync(new ListModelsRequest(), cancellationToken: Ended)).Models.Single().State != ModelState.Loaded)
        {
            await Task.Delay(20, Ended);
        }
    }

    private static async Task<TranslateResponse> AnswerAsync(Inference.InferenceClient client, string text) =>
        await client.TranslateAsync(new TranslateRequest { Texts = { text } }, cancellationToken: Ended);

    private static async Task<string> TranslateAsync(Inference.InferenceClient client, string text) =>
        (await AnswerAsync(client, text)).Translations.Single().Text;

    private static async Task<string> StreamAsync(Inference.InferenceClient client, string text)
    {
        var pieces = new List<string>();
        using var call = client.TranslateStream(new TranslateStreamRequest { Text = text }, cancellationToken: Ended);
        await foreach (var message in call.ResponseStream.ReadAllAsync(Ended))
        {
            pieces.Add(message.Piece);
        }
        return string.Concat(pieces);
    }

    private sealed record Serving(ClusterCommand Command, string Address, int Pid) : IAsyncDisposable
    {
        public async Task<int> StopAsync()
        {
            Command.Signal(ClusterCommand.SigTerm);
            return (await Command.EndAsync()).ExitCode;
        }

        public ValueTask DisposeAsync() => Command.DisposeAsync();
    }
}
