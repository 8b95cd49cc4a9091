using Google.Rpc;
using Grpc.Core;
using TrainingCluster.Errors;
using TrainingCluster.Security;
using TrainingCluster.Serving.Models;
using TrainingCluster.V1;

namespace TrainingCluster.Serving.Tests.Api;

public class InferenceRefusalTests
{
    private static CancellationToken Ended => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Translate_UnknownModel_IsNotFound()
    {
        var error = await RefusedAsync(new TranslateRequest { Model = "other", Texts = { "1" } });
        Assert.Equal(StatusCode.NotFound, error.StatusCode);
        Assert.Equal(("model", "other"), (Find<ResourceInfo>(error).ResourceType, Find<ResourceInfo>(error).ResourceName));
        Assert.Contains("ListModels", error.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Translate_TenThousandWords_IsRefusedWithTheLimit() =>
        Assert.Contains(
            "the model reads at most 1024",
            Violation(await RefusedAsync(new TranslateRequest { Texts = { "1", Words(10_000) } }), "texts[1]"),
            StringComparison.Ordinal
        );

    [Fact]
    public async Task Translate_TextOfMegabytes_IsRefusedUncut() =>
        Assert.Contains(
            "at most 262144",
            Violation(await RefusedAsync(new TranslateRequest { Texts = { new string('x', 3_000_000) } }), "texts[0]"),
            StringComparison.Ordinal
        );

    [Fact]
    public async Task Translate_LineBreak_IsRefused() =>
        Assert.Contains(
            "line break",
            Violation(await RefusedAsync(new TranslateRequest { Texts = { "1\n2" } }), "texts[0]"),
            StringComparison.Ordinal
        );

    [Theory]
    [InlineData(0)]
    [InlineData(257)]
    public async Task Translate_NoTextsOrTooMany_IsRefused(int count) =>
        Assert.Contains(
            $"there are {count}; give 1 to 256",
            Violation(await RefusedAsync(new TranslateRequest { Texts = { Enumerable.Repeat("1", count) } }), "texts"),
            StringComparison.Ordinal
        );

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(1000)]
    public async Task Translate_BeamOutOfRange_IsRefused(int beam) =>
        Assert.Contains(
            $"is {beam}; give 1 (greedy) to 64",
            Violation(await RefusedAsync(With(new SearchSettings { Beam = beam })), "search.beam"),
            StringComparison.Ordinal
        );

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(-0.5)]
    [InlineData(5.5)]
    public async Task Translate_LengthPenaltyOutOfRange_IsRefused(double penalty) =>
        Assert.Contains(
            "give 0 to 5",
            Violation(await RefusedAsync(With(new SearchSettings { LengthPenalty = penalty })), "search.length_penalty"),
            StringComparison.Ordinal
        );

    [Theory]
    [InlineData(4)]
    [InlineData(-1)]
    public async Task Translate_MoreAlternativesThanTheBeamHas_IsRefused(int alternatives) =>
        Assert.Contains(
            "give 0 to 3",
            Violation(await RefusedAsync(With(new SearchSettings { Alternatives = alternatives })), "search.alternatives"),
            StringComparison.Ordinal
        );

    [Fact]
    public async Task Translate_MuchAttention_IsRefusedWithTheLimit() =>
        Assert.Contains(
            "750000 are sent at most",
            Violation(await RefusedAsync(new TranslateRequest { Texts = { Words(400) }, IncludeAttention = true }), "include_attention"),
            StringComparison.Ordinal
        );

    [Fact]
    public async Task Translate_SeveralThingsWrong_AreAllNamed()
    {
        var error = await RefusedAsync(
            new TranslateRequest
            {
                Texts = { "a\nb" },
                Search = new SearchSettings { Beam = 65, LengthPenalty = 9 },
            }
        );
        Assert.Equal(
            ["search.beam", "search.length_penalty", "texts[0]"],
            Find<BadRequest>(error).FieldViolations.Select(violation => violation.Field)
        );
    }

    [Fact]
    public async Task Translate_NoModelNamedOfSeveral_IsRefusedWithTheirNumber()
    {
        using var folder = new TemporaryFolder();
        TestModels.Save(Path.Combine(folder.Path, "a"), 1);
        await using var server = await TestServer.StartAsync([
            new FolderSource(TestModels.Dates),
            new FolderSource(Path.Combine(folder.Path, "a")),
        ]);
        var error = await RefusedAsync(new TranslateRequest { Texts = { "1" } }, server);
        Assert.Contains("2 models are served; name one", Violation(error, "model"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Translate_ModelOfAnotherVersion_IsRefusedAndOthersAnswer()
    {
        using var folder = new TemporaryFolder();
        var path = Path.Combine(folder.Path, "newer");
        TestModels.Save(path, 1);
        var manifest = Path.Combine(path, "manifest.json");
        File.WriteAllText(
            manifest,
            File.ReadAllText(manifest).Replace("\"format_version\": 1", "\"format_version\": 2", StringComparison.Ordinal)
        );
        await using var server = await TestServer.StartAsync([new FolderSource(TestModels.Dates), new FolderSource(path)]);
        var error = await RefusedAsync(new TranslateRequest { Model = "newer", Texts = { "1" } }, server);
        Assert.Equal((StatusCode.FailedPrecondition, "MODEL_UNUSABLE"), (error.StatusCode, Find<ErrorInfo>(error).Reason));
        Assert.Contains("format version 2", error.Status.Detail, StringComparison.Ordinal);
        var models = await server.Client.ListModelsAsync(new ListModelsRequest(), cancellationToken: Ended);
        Assert.Equal(ModelState.Unusable, models.Models.Single(model => model.Id == "newer").State);
        var answer = await server.Client.TranslateAsync(
            new TranslateRequest { Model = "dates", Texts = { "1" } },
            cancellationToken: Ended
        );
        Assert.Single(answer.Translations);
    }

    [Fact]
    public async Task ListModels_NegativePageSize_IsRefused()
    {
        await using var server = await TestServer.StartAsync();
        var error = await Assert.ThrowsAsync<RpcException>(() =>
            server.Client.ListModelsAsync(new ListModelsRequest { PageSize = -1 }, cancellationToken: Ended).ResponseAsync
        );
        Assert.Contains("-1 is negative", Violation(error, "page_size"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Calls_WhereTokensAreAsked_NeedOneOfTheModelsNamespace()
    {
        using var folder = new TemporaryFolder();
        var tokens = Path.Combine(folder.Path, "tokens");
        await File.WriteAllLinesAsync(
            tokens,
            [
                AccessTokens.LineOf("ours", new AccessGrant("ada", AccessRole.Viewer, "a")),
                AccessTokens.LineOf("theirs", new AccessGrant("bob", AccessRole.Viewer, "b")),
            ],
            Ended
        );
        await using var server = await TestServer.StartAsync([new NamespaceSource()], tokens: tokens);
        var error = await RefusedAsync(new TranslateRequest { Texts = { "1" } }, server);
        Assert.Equal((StatusCode.Unauthenticated, "UNAUTHENTICATED"), (error.StatusCode, Find<ErrorInfo>(error).Reason));
        var others = await RefusedAsync(new TranslateRequest { Model = "job-1", Texts = { "1" } }, server, Token("theirs"));
        Assert.Equal(StatusCode.NotFound, others.StatusCode);
        Assert.Empty((await server.Client.ListModelsAsync(new ListModelsRequest(), Token("theirs"), null, Ended)).Models);
        var answer = await server.Client.TranslateAsync(new TranslateRequest { Texts = { "3. Mai 2021" } }, Token("ours"), null, Ended);
        Assert.Equal("2021-05-03", answer.Translations.Single().Text);
        // The same rules over HTTP.
        using var content = new StringContent("{\"texts\":[\"1\"]}", System.Text.Encoding.UTF8, "application/json");
        var response = await server.Http.PostAsync("/v1/models/job-1:translate", content, Ended);
        Assert.Equal(System.Net.HttpStatusCode.Unauthorized, response.StatusCode);
    }

    internal static async Task<RpcException> RefusedAsync(TranslateRequest request, TestServer? server = null, Metadata? headers = null)
    {
        await using var own = server is null ? await TestServer.StartAsync() : null;
        return await Assert.ThrowsAsync<RpcException>(() =>
            (server ?? own)!.Client.TranslateAsync(request, headers, null, Ended).ResponseAsync
        );
    }

    internal static T Find<T>(RpcException error)
        where T : class, Google.Protobuf.IMessage<T>, new() => RpcErrorDetails.Find<T>(error) ?? throw error;

    internal static string Words(int count) => string.Join(' ', Enumerable.Repeat("Januar", count));

    private static TranslateRequest With(SearchSettings search) => new() { Texts = { "1" }, Search = search };

    private static Metadata Token(string token) => new() { { "authorization", $"Bearer {token}" } };

    private static string Violation(RpcException error, string field)
    {
        Assert.Equal(StatusCode.InvalidArgument, error.StatusCode);
        return Find<BadRequest>(error).FieldViolations.Single(violation => violation.Field == field).Description;
    }

    /// <summary>The dates as a job of namespace a.</summary>
    private sealed class NamespaceSource : IModelSource
    {
        public string Name => "test";

        public bool IsNamed => false;

        public Task<IReadOnlyList<ModelOffer>> LookAsync(CancellationToken cancellationToken) =>
            Task.FromResult<IReadOnlyList<ModelOffer>>([new("job-1", "a", "1", "", false, "")]);

        public Task<string> FetchAsync(ModelOffer offer, CancellationToken cancellationToken) => Task.FromResult(TestModels.Dates);

        public void Forget(string id) { }
    }
}
