using Google.Protobuf;
using Grpc.Core;
using TrainingCluster.Coordinator.Access;
using TrainingCluster.Coordinator.Datasets;
using TrainingCluster.Coordinator.Tests.Hosting;
using TrainingCluster.Modeling.Data;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Tests.Datasets;

public sealed class PrepareDatasetTests
{
    private static readonly byte[] s_source = Lines(i => $"the number {i} of {i % 7}");
    private static readonly byte[] s_target = Lines(i => $"die Zahl {i} von {i % 7}");

    /// <summary>Sends text in small pieces, the sides in turn.</summary>
    internal static async Task<DatasetInfo> PrepareAsync(
        TestServer server,
        IReadOnlyDictionary<TextPart, byte[]>? text = null,
        PreparationSettings? settings = null,
        int pieceBytes = 1000
    )
    {
        text ??= new Dictionary<TextPart, byte[]> { [TextPart.Source] = s_source, [TextPart.Target] = s_target };
        using var call = server.Datasets.PrepareDataset(cancellationToken: TestContext.Current.CancellationToken);
        try
        {
            await call.RequestStream.WriteAsync(new() { Settings = settings ?? new() { VocabularySize = 300 } });
            for (var at = 0; at == 0 || at < text.Values.Max(bytes => bytes.Length); at += pieceBytes)
            {
                foreach (var (part, bytes) in text.Where(each => each.Value.Length > at || at == 0))
                {
                    var piece = bytes.AsSpan(at, Math.Min(pieceBytes, bytes.Length - at));
                    await call.RequestStream.WriteAsync(
                        new()
                        {
                            Text = new() { Part = part, Data = ByteString.CopyFrom(piece) },
                        }
                    );
                }
            }
            await call.RequestStream.CompleteAsync();
        }
        catch (RpcException)
        {
            // The status of the call says more than the write that met its end.
        }
        return await call;
    }

    [Theory]
    [InlineData(7)]
    [InlineData(1_000_000)]
    public async Task PrepareDataset_SameTextAndSettings_GivesTheDatasetOfTheBuilder(int pieceBytes)
    {
        await using var server = await TestServer.StartAsync();
        var info = await PrepareAsync(server, pieceBytes: pieceBytes);
        Assert.Equal(TestDataset.Fingerprint, info.Fingerprint);
        Assert.Equal((198L, 2L), (info.SentenceCount, info.ValidationSentenceCount));
        Assert.Equal([info.Fingerprint], Directory.EnumerateFileSystemEntries(server.Data.Datasets).Select(Path.GetFileName));
        using var dataset = Dataset.Open(Path.Combine(server.Data.Datasets, info.Fingerprint));
        Assert.Equal(198, dataset.TrainCount);
        // The same again is the same.
        Assert.Equal(info.Fingerprint, (await PrepareAsync(server)).Fingerprint);
    }

    [Fact]
    public async Task PrepareDataset_WithValidationText_GivesTheDatasetOfTheBuilder()
    {
        using var folder = new TemporaryFolder();
        string Write(string name, byte[] bytes)
        {
            var path = Path.Combine(folder.Path, name);
            File.WriteAllBytes(path, bytes);
            return path;
        }
        var manifest = DatasetBuilder.Build(
            new DatasetOptions
            {
                Train = new ParallelText(Write("a", s_source), Write("b", s_target)),
                Validation = new ParallelText(Write("c", "the number 7\n"u8.ToArray()), Write("d", "die Zahl 7\n"u8.ToArray())),
            },
            Path.Combine(folder.Path, "set")
        );
        await using var server = await TestServer.StartAsync();
        var text = new Dictionary<TextPart, byte[]>
        {
            [TextPart.Source] = s_source,
            [TextPart.Target] = s_target,
            [TextPart.ValidationSource] = "the number 7\n"u8.ToArray(),
            [TextPart.ValidationTarget] = "die Zahl 7\n"u8.ToArray(),
        };
        Assert.Equal(manifest.Fingerprint, (await PrepareAsync(server, text, new())).Fingerprint);
    }

    public static TheoryData<string, byte[]?, byte[]?, string> BadTexts =>
        new()
        {
            { "lines", Lines(i => $"{i}")[..^1], "one\n"u8.ToArray(), "source has 200 lines but target has 1" },
            { "utf-8", s_source, [.. "gut\n"u8, 0xFF, 0xFE], "target, line 2: invalid UTF-8" },
            { "binary", [.. "a\n"u8, 0, 1], "b\nb"u8.ToArray(), "zero byte" },
            { "gzip", [0x1F, 0x8B, 8], s_target, "source is packed by gzip" },
            { "missing", s_source, null, "target is missing" },
            { "none", null, null, "source is missing" },
            { "empty", [], [], "source is empty" },
            { "blank", "\n\n"u8.ToArray(), "\n\n"u8.ToArray(), "no sentence pair is left" },
        };

    [Theory, MemberData(nameof(BadTexts))]
    public async Task PrepareDataset_TextThatCannotBeUsed_IsRefusedAndNothingStays(
        string what,
        byte[]? source,
        byte[]? target,
        string expected
    )
    {
        Assert.NotEmpty(what);
        await using var server = await TestServer.StartAsync();
        var text = new Dictionary<TextPart, byte[]>();
        if (source is not null)
        {
            text[TextPart.Source] = source;
        }
        if (target is not null)
        {
            text[TextPart.Target] = target;
        }
        var error = await Assert.ThrowsAsync<RpcException>(() =>
            PrepareAsync(server, text.Count > 0 ? text : new Dictionary<TextPart, byte[]> { [TextPart.ValidationSource] = [] })
        );
        Assert.True(error.StatusCode == StatusCode.InvalidArgument, error.Message);
        Assert.Contains(expected, error.Status.Detail, StringComparison.Ordinal);
        Assert.DoesNotContain(server.Data.Root, error.Status.Detail, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(server.Data.Datasets));
    }

    [Fact]
    public async Task PrepareDataset_SettingsOutOfRange_NamesThemAll()
    {
        await using var server = await TestServer.StartAsync();
        var error = await Assert.ThrowsAsync<RpcException>(() =>
            PrepareAsync(server, settings: new() { VocabularySize = 100_000, MaxTokens = 3 })
        );
        Assert.Equal(StatusCode.InvalidArgument, error.StatusCode);
        Assert.Contains("settings.vocabulary_size: 100000: choose 260 to 65535", error.Status.Detail, StringComparison.Ordinal);
        Assert.Contains("settings.max_tokens: 3: choose 4 to 4096", error.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task PrepareDataset_WithoutSettings_IsInvalid()
    {
        await using var server = await TestServer.StartAsync();
        using var call = server.Datasets.PrepareDataset();
        await call.RequestStream.CompleteAsync();
        Assert.Equal(StatusCode.InvalidArgument, (await Assert.ThrowsAsync<RpcException>(async () => await call)).StatusCode);
    }

    [Theory]
    [InlineData(1000, "the text has more than the 1000 bytes")]
    [InlineData(12_000, "the dataset has ")]
    public async Task PrepareDataset_MoreThanTheQuota_IsRefusedAndNothingStays(int bytes, string expected)
    {
        await using var server = await TestServer.StartAsync(quotas: new Quotas { DatasetBytes = bytes });
        var error = await Assert.ThrowsAsync<RpcException>(() => PrepareAsync(server));
        Assert.Equal(StatusCode.ResourceExhausted, error.StatusCode);
        Assert.Contains(expected, error.Status.Detail, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(server.Data.Datasets));
    }

    [Fact]
    public async Task PrepareDataset_ClientBreaksOff_NothingStaysAndThePlaceIsFree()
    {
        await using var server = await TestServer.StartAsync();
        for (var i = 0; i <= DatasetPreparation.MostCalls; i++)
        {
            using var cancellation = new CancellationTokenSource();
            using var call = server.Datasets.PrepareDataset(cancellationToken: cancellation.Token);
            await call.RequestStream.WriteAsync(new() { Settings = new() });
            await call.RequestStream.WriteAsync(
                new()
                {
                    Text = new() { Part = TextPart.Source, Data = ByteString.CopyFrom(s_source) },
                }
            );
            await UntilAsync(() => Directory.EnumerateFiles(server.Data.Datasets, "source", SearchOption.AllDirectories).Any());
            await cancellation.CancelAsync();
            await Assert.ThrowsAsync<RpcException>(async () => await call);
            await UntilAsync(() => !Directory.EnumerateFileSystemEntries(server.Data.Datasets).Any());
        }
        await PrepareAsync(server);
    }

    [Fact]
    public async Task PrepareDataset_ManyAtOnce_TheLastOnesAreTurnedAway()
    {
        await using var server = await TestServer.StartAsync();
        var open = new List<AsyncClientStreamingCall<PrepareDatasetRequest, DatasetInfo>>();
        for (var i = 0; i < DatasetPreparation.MostCalls; i++)
        {
            var call = server.Datasets.PrepareDataset();
            open.Add(call);
            await call.RequestStream.WriteAsync(new() { Settings = new() });
            await UntilAsync(() => Directory.EnumerateDirectories(server.Data.Datasets).Count() == open.Count);
        }
        var error = await Assert.ThrowsAsync<RpcException>(() => PrepareAsync(server));
        Assert.Equal(StatusCode.ResourceExhausted, error.StatusCode);
        open.ForEach(call => call.Dispose());
        await UntilAsync(() => !Directory.EnumerateFileSystemEntries(server.Data.Datasets).Any());
        await PrepareAsync(server);
    }

    [Fact]
    public void Build_TextOfEndlesslyManyWords_IsRefusedBeforeMemoryIsFull()
    {
        using var folder = new TemporaryFolder();
        var (source, target) = (Path.Combine(folder.Path, "a"), Path.Combine(folder.Path, "b"));
        File.WriteAllLines(source, Enumerable.Range(0, 200).Select(i => new string((char)('a' + i % 26), 1 + i / 26)));
        File.WriteAllLines(target, Enumerable.Range(0, 200).Select(i => "same"));
        var options = new DatasetOptions { Train = new ParallelText(source, target), VocabularySize = 300 };
        var error = Assert.Throws<DatasetException>(() =>
            DatasetBuilder.Build(options with { Limits = new DatasetLimits(1000, 50) }, Path.Combine(folder.Path, "set"))
        );
        Assert.Contains("different words", error.Message, StringComparison.Ordinal);
        error = Assert.Throws<DatasetException>(() =>
            DatasetBuilder.Build(options with { Limits = new DatasetLimits(100, 100_000) }, Path.Combine(folder.Path, "set"))
        );
        Assert.Contains("more than 100 lines", error.Message, StringComparison.Ordinal);
        DatasetBuilder.Build(options with { Limits = new DatasetLimits(200, 100_000) }, Path.Combine(folder.Path, "set"));
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        while (!condition())
        {
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
    }

    private static byte[] Lines(Func<int, string> line) =>
        System.Text.Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, 200).Select(i => line(i) + "\n")));
}
