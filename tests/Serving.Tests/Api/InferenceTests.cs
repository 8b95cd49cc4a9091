using Google.Rpc;
using Grpc.Core;
using TrainingCluster.Errors;
using TrainingCluster.Modeling.Data;
using TrainingCluster.Modeling.Decoding;
using TrainingCluster.Paging;
using TrainingCluster.V1;

namespace TrainingCluster.Serving.Tests.Api;

public class InferenceTests
{
    private static CancellationToken Ended => TestContext.Current.CancellationToken;

    // The same model, the same words, whoever else calls at the same time: './cluster translate' calls the same Translator.
    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public async Task Translate_ManyClientsAtOnce_GivesEachWhatTranslateGives(int beam)
    {
        await using var server = await TestServer.StartAsync();
        var texts = Dates(48);
        using var translator = Translator.Open(TestModels.Dates);
        var expected = translator.Translate(texts, new SearchOptions { Beam = beam }, Ended);
        var calls = texts.Select(text =>
            server
                .Client.TranslateAsync(
                    new TranslateRequest
                    {
                        Texts = { text },
                        Search = new SearchSettings { Beam = beam },
                    },
                    cancellationToken: Ended
                )
                .ResponseAsync
        );
        var answers = await Task.WhenAll(calls);
        Assert.Equal(expected, answers.Select(answer => answer.Translations.Single().Text));
        var metrics = await server.Http.GetStringAsync("/metrics", Ended);
        Assert.Contains("training_cluster_serving_sentences_total 48\n", metrics, StringComparison.Ordinal);
        Assert.DoesNotContain("training_cluster_serving_batch_sentences_count 48\n", metrics, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Translate_SeveralTexts_AnswersInTheirOrderWithScores()
    {
        await using var server = await TestServer.StartAsync();
        var texts = Dates(9);
        using var translator = Translator.Open(TestModels.Dates);
        var answer = await server.Client.TranslateAsync(new TranslateRequest { Texts = { texts } }, cancellationToken: Ended);
        Assert.Equal("dates", answer.Model);
        Assert.Equal(translator.Manifest!.WeightsSha256, answer.WeightsSha256);
        Assert.Equal(translator.Translate(texts, new SearchOptions { Beam = 4 }, Ended), answer.Translations.Select(t => t.Text));
        Assert.All(answer.Translations, t => Assert.True(t is { LogProbability: <= 0, Score: <= 0, Truncated: false, TargetTokens: > 0 }));
    }

    [Fact]
    public async Task Translate_WithAlternatives_TellsOthersBestFirst()
    {
        await using var server = await TestServer.StartAsync();
        var answer = await server.Client.TranslateAsync(
            new TranslateRequest
            {
                Texts = { "3. Mai 2021" },
                Search = new SearchSettings { Beam = 5, Alternatives = 3 },
            },
            cancellationToken: Ended
        );
        var best = answer.Translations.Single();
        Assert.Equal("2021-05-03", best.Text);
        Assert.Equal(3, best.Alternatives.Count);
        Assert.DoesNotContain(best.Text, best.Alternatives.Select(other => other.Text));
        var scores = best.Alternatives.Select(other => other.Score).Prepend(best.Score).ToList();
        Assert.Equal(scores.OrderDescending(), scores);
    }

    [Fact]
    public async Task Translate_WithAttention_TellsWhatTheRecorderTells()
    {
        await using var server = await TestServer.StartAsync();
        using var translator = Translator.Open(TestModels.Dates);
        var expected = AttentionRecorder.Record(translator, "3. Mai 2021");
        var answer = await server.Client.TranslateAsync(
            new TranslateRequest
            {
                Texts = { "3. Mai 2021" },
                IncludeAttention = true,
                Search = new SearchSettings { Beam = 1 },
            },
            cancellationToken: Ended
        );
        var attention = answer.Translations.Single().Attention;
        Assert.Equal(expected.SourceTokens, attention.SourceTokens);
        Assert.Equal(expected.Steps.Select(step => step.Written), attention.TargetTokens);
        Assert.Equal(expected.Maps.Count, attention.Heads.Count);
        foreach (var (map, head) in expected.Maps.Zip(attention.Heads))
        {
            Assert.Equal((map.Layer, map.Head, map.Queries.Count, map.Keys.Count), (head.Layer, head.Head, head.Rows, head.Columns));
            Assert.Equal(map.Weights, head.Weights);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData(" \t ")]
    public async Task Translate_BlankText_StaysEmpty(string text)
    {
        await using var server = await TestServer.StartAsync();
        var request = new TranslateRequest { Texts = { text, "3. Mai 2021" }, IncludeAttention = true };
        var answer = await server.Client.TranslateAsync(request, cancellationToken: Ended);
        Assert.Equal(["", "2021-05-03"], answer.Translations.Select(translation => translation.Text));
        Assert.Null(answer.Translations[0].Attention);
    }

    [Fact]
    public async Task Translate_TextFullOfMarkup_IsOnlyText()
    {
        await using var server = await TestServer.StartAsync();
        const string Markup = "<b onclick=\"alert('x')\">{{7*7}}</b> <eos><pad> \0 ${jndi:ldap} [red]x[/] 'a\"; DROP";
        using var translator = Translator.Open(TestModels.Dates);
        var answer = await server.Client.TranslateAsync(new TranslateRequest { Texts = { Markup } }, cancellationToken: Ended);
        Assert.Equal(translator.Translate([Markup], new SearchOptions { Beam = 4 }, Ended).Single(), answer.Translations.Single().Text);
    }

    [Fact]
    public async Task TranslateStream_Pieces_MakeTheTranslation()
    {
        await using var server = await TestServer.StartAsync();
        foreach (var beam in new[] { 1, 4 })
        {
            var (pieces, result) = (new List<string>(), (TranslateResponse?)null);
            using var call = server.Client.TranslateStream(
                new TranslateStreamRequest
                {
                    Text = "Sunday, 3 May 2021",
                    Search = new SearchSettings { Beam = beam },
                },
                cancellationToken: Ended
            );
            await foreach (var message in call.ResponseStream.ReadAllAsync(Ended))
            {
                Assert.Null(result);
                result = message.Result;
                pieces.AddRange(message.HasPiece ? [message.Piece] : []);
            }
            Assert.Equal("2021-05-03", string.Concat(pieces));
            Assert.Equal("2021-05-03", result!.Translations.Single().Text);
            Assert.True(pieces.Count > 1, $"{pieces.Count} pieces with a beam of {beam}");
        }
    }

    [Fact]
    public async Task ListModels_InPages_TellsAllOfThemOnce()
    {
        using var folder = new TemporaryFolder();
        foreach (var name in new[] { "a", "b", "c" })
        {
            TestModels.Save(Path.Combine(folder.Path, name), 1);
        }
        await using var server = await TestServer.StartAsync([
            .. new[] { "c", "a", "b" }.Select(name => new Serving.Models.FolderSource(Path.Combine(folder.Path, name))),
        ]);
        var first = await server.Client.ListModelsAsync(new ListModelsRequest { PageSize = 2 }, cancellationToken: Ended);
        Assert.Equal(["a", "b"], first.Models.Select(model => model.Id));
        var rest = await server.Client.ListModelsAsync(
            new ListModelsRequest { PageSize = 2, PageToken = first.NextPageToken },
            cancellationToken: Ended
        );
        Assert.Equal(["c"], rest.Models.Select(model => model.Id));
        Assert.Empty(rest.NextPageToken);
        foreach (var token in new[] { "b", OpaqueToken.Of("jobs", "b") })
        {
            // A model's name, or another list's token, is no place in this list.
            var refused = await Assert.ThrowsAsync<RpcException>(async () =>
                await server.Client.ListModelsAsync(new ListModelsRequest { PageToken = token }, cancellationToken: Ended)
            );
            Assert.Equal(StatusCode.InvalidArgument, refused.StatusCode);
            Assert.Equal("page_token", Assert.Single(RpcErrorDetails.Find<BadRequest>(refused)!.FieldViolations).Field);
            Assert.NotEmpty(RpcErrorDetails.Find<RequestInfo>(refused)!.RequestId);
        }
        Assert.All(first.Models, model => Assert.True(model is { MaxSourceTokens: 1024, WeightsSha256.Length: 64 }));
    }

    internal static List<string> Dates(int count) => [.. DatesTask.Generate(11, count).Select(pair => pair.Source)];
}
