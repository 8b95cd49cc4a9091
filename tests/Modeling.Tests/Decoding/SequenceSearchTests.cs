using TrainingCluster.Modeling.Decoding;
using TrainingCluster.Modeling.Models;
using TrainingCluster.Modeling.Tests.Models;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Tests.Decoding;

public class SequenceSearchTests
{
    public static TheoryData<string> Kinds => ["transformer", "recurrent-attention"];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Search_Greedy_TakesTheLikeliestTokenOfEachTeacherForcedStep(string kind)
    {
        using var scope = NewDisposeScope();
        using var model = TinyModels.Create(kind);
        var sources = Sources(6);
        var found = SequenceSearch.Search(model, sources);
        model.eval();
        foreach (var (source, answer) in sources.Zip(found))
        {
            // One call with the whole answer as the decoder's input, without any kept state.
            var logits = model.Logits(
                TinyModels.Rows([
                    [.. source.Select(token => (long)token)],
                ]),
                tensor(new long[] { source.Length }),
                TinyModels.Rows([
                    [1, .. answer.Tokens.Select(token => (long)token)],
                ])
            )[0];
            logits.narrow(1, 0, 2).fill_(float.NegativeInfinity);
            var best = logits.argmax(1).data<long>().Select(token => (int)token).ToArray();
            Assert.Equal(answer.Ended ? [.. answer.Tokens, 2] : answer.Tokens, best.Take(answer.Tokens.Count + (answer.Ended ? 1 : 0)));
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void BeamSearch_WithOneBeam_EqualsGreedy(string kind)
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        using var model = TinyModels.Create(kind);
        model.eval();
        var options = new SearchOptions();
        var (greedy, beam) = (new SequenceSearch.BestAnswers(12), new SequenceSearch.BestAnswers(12));
        foreach (var batch in SentenceBatch.Cut(Sources(12), 40))
        {
            GreedySearch.Run(model, batch, options, greedy, default);
            BeamSearch.Run(model, batch, options, beam, default);
        }
        Assert.Equal(greedy.Best.Select(answer => answer.Tokens), beam.Best.Select(answer => answer.Tokens));
        Assert.Equal(greedy.Best.Select(answer => answer.Ended), beam.Best.Select(answer => answer.Ended));
        foreach (var (one, other) in greedy.Best.Zip(beam.Best))
        {
            Assert.Equal(one.LogProbability, other.LogProbability, 1e-4);
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void BeamSearch_WithKeptState_EqualsASearchThatStartsAnewAtEachStep(string kind)
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        using var model = TinyModels.Create(kind, seed: 3);
        model.eval();
        var options = new SearchOptions
        {
            Beam = 3,
            MaxLength = 7,
            LengthPenalty = 0.6,
        };
        var sources = Sources(5);
        var found = SequenceSearch.Search(model, sources, options);
        foreach (var (source, answer) in sources.Zip(found))
        {
            var naive = Naive(model, source, options);
            Assert.Equal(naive.Tokens, answer.Tokens);
            Assert.Equal(naive.Score, answer.Score, 1e-4);
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Search_WiderBeam_FindsNoLessLikelyAnswersOnTheWhole(string kind)
    {
        using var model = TinyModels.Create(kind);
        var sources = Sources(20);
        var options = new SearchOptions { MaxLength = 8 };
        var greedy = SequenceSearch.Search(model, sources, options).Sum(answer => answer.Score);
        var beam = SequenceSearch.Search(model, sources, options with { Beam = 5 }).Sum(answer => answer.Score);
        Assert.True(beam > greedy, $"beam {beam}, greedy {greedy}");
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Search_SentencesTogetherOrAlone_GiveTheSameAnswers(string kind)
    {
        using var model = TinyModels.Create(kind);
        var sources = Sources(9);
        foreach (var beam in new[] { 1, 4 })
        {
            var options = new SearchOptions { Beam = beam };
            var together = SequenceSearch.Search(model, sources, options);
            var alone = sources.Select(source => SequenceSearch.Search(model, [source], options)[0]);
            Assert.Equal(alone.Select(answer => answer.Tokens), together.Select(answer => answer.Tokens));
        }
    }

    [Fact]
    public void Search_LengthLimit_HoldsAndIsReported()
    {
        using var model = TinyModels.Create("transformer");
        foreach (var beam in new[] { 1, 3 })
        {
            var found = SequenceSearch.Search(model, Sources(8), new SearchOptions { Beam = beam, MaxLength = 2 });
            Assert.All(found, answer => Assert.True(answer.Tokens.Count <= 2 && (answer.Ended || answer.Tokens.Count == 2)));
        }
    }

    [Fact]
    public void Search_SourceLongerThanItsLimit_IsCutAndEnded()
    {
        using var model = TinyModels.Create("transformer");
        int[] source = [5, 6, 7, 8, 9, 2];
        var options = new SearchOptions { MaxSourceTokens = 4, MaxLength = 5 };
        Assert.Equal(
            SequenceSearch
                .Search(
                    model,
                    [
                        [5, 6, 7, 2],
                    ],
                    options
                )[0]
                .Tokens,
            SequenceSearch.Search(model, [source], options)[0].Tokens
        );
    }

    [Fact]
    public void Search_NoSentences_GivesNoAnswers()
    {
        using var model = TinyModels.Create("transformer");
        Assert.Empty(SequenceSearch.Search(model, []));
    }

    [Fact]
    public void Search_Ended_LeavesNoTensorAndTheModelsModeAsItWas()
    {
        using var model = TinyModels.Create("transformer");
        model.train();
        SequenceSearch.Search(model, Sources(3), new SearchOptions { Beam = 2 });
        using var scope = NewDisposeScope();
        SequenceSearch.Search(model, Sources(3), new SearchOptions { Beam = 2 });
        Assert.Equal(0, scope.DisposablesCount);
        Assert.True(model.training);
    }

    [Fact]
    public void Validate_OptionsOutOfRange_AreAllNamed()
    {
        var error = Assert.Throws<ArgumentException>(() =>
            new SearchOptions
            {
                Beam = 0,
                LengthPenalty = -1,
                MaxLength = 0,
            }.Validate()
        );
        Assert.Contains("Beam is 0", error.Message, StringComparison.Ordinal);
        Assert.Contains("LengthPenalty is -1", error.Message, StringComparison.Ordinal);
        Assert.Contains("MaxLength is 0", error.Message, StringComparison.Ordinal);
    }

    private static List<int[]> Sources(int count)
    {
        var random = new Random(5);
        return
        [
            .. Enumerable
                .Range(0, count)
                .Select(_ => (int[])[.. Enumerable.Range(0, random.Next(1, 9)).Select(_ => random.Next(4, TinyModels.Vocabulary)), 2]),
        ];
    }

    // Beam search as its definition has it: every beginning is scored from its first token on at each step.
    private static Hypothesis Naive(SequenceToSequenceModel model, int[] source, SearchOptions options)
    {
        var limit = Math.Min(options.MaxLength, (int)(1.5 * source.Length + 10));
        List<(List<int> Tokens, double LogProbability)> live = [([], 0)];
        var finished = new List<Hypothesis>();
        for (var length = 1; length <= limit && finished.Count < options.Beam; length++)
        {
            var candidates = live.SelectMany(beginning =>
                {
                    var logits = model.Logits(
                        TinyModels.Rows([
                            [.. source.Select(token => (long)token)],
                        ]),
                        tensor(new long[] { source.Length }),
                        TinyModels.Rows([
                            [1, .. beginning.Tokens.Select(token => (long)token)],
                        ])
                    )[0][^1];
                    logits.narrow(0, 0, 2).fill_(float.NegativeInfinity);
                    return logits
                        .log_softmax(0)
                        .data<float>()
                        .ToArray()
                        .Select(
                            (logProbability, token) => (beginning.Tokens, Token: token, Total: beginning.LogProbability + logProbability)
                        );
                })
                .OrderByDescending(candidate => candidate.Total)
                .Take(2 * options.Beam)
                .ToList();
            finished.AddRange(
                candidates
                    .Take(options.Beam)
                    .Where(candidate => candidate.Token == 2)
                    .Select(candidate => new Hypothesis(
                        candidate.Tokens,
                        candidate.Total,
                        candidate.Total / Math.Pow(length, options.LengthPenalty),
                        true
                    ))
            );
            live =
            [
                .. candidates
                    .Where(candidate => candidate.Token != 2)
                    .Take(options.Beam)
                    .Select(candidate => ((List<int>)[.. candidate.Tokens, candidate.Token], candidate.Total)),
            ];
            if (length == limit && finished.Count < options.Beam)
            {
                finished.AddRange(
                    live.Select(beginning => new Hypothesis(
                        beginning.Tokens,
                        beginning.LogProbability,
                        beginning.LogProbability / Math.Pow(length, options.LengthPenalty),
                        false
                    ))
                );
            }
        }
        return finished.MaxBy(answer => answer.Score)!;
    }
}
