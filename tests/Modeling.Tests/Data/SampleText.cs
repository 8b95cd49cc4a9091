using TrainingCluster.Modeling.Tokenization;

namespace TrainingCluster.Modeling.Tests.Data;

/// <summary>A small made-up corpus in the manner of picture captions.</summary>
internal static class SampleText
{
    private static readonly (string De, string En)[] s_subjects =
    [
        ("Ein Mann", "A man"),
        ("Eine Frau", "A woman"),
        ("Zwei Hunde", "Two dogs"),
        ("Ein kleines Mädchen", "A little girl"),
        ("Drei Kinder", "Three children"),
    ];

    private static readonly (string De, string En)[] s_acts =
    [
        ("sitzt auf einer Bank", "is sitting on a bench"),
        ("läuft über die Straße", "walks across the street"),
        ("spielt im Schnee", "plays in the snow"),
        ("wartet auf den Bus", "waits for the bus"),
    ];

    private static readonly (string De, string En)[] s_ends =
    [
        (".", "."),
        (" am Abend.", " in the evening."),
        (", während es regnet.", " while it rains."),
        (" mit 12 Freunden!", " with 12 friends!"),
    ];

    public static IReadOnlyList<(string De, string En)> Pairs { get; } =
    [
        .. from subject in s_subjects
        from act in s_acts
        from end in s_ends
        select ($"{subject.De} {act.De}{end.De}", $"{subject.En} {act.En}{end.En}"),
    ];

    public static BpeTokenizer Tokenizer(int vocabularySize = 400)
    {
        var trainer = new BpeTrainer();
        foreach (var (de, en) in Pairs)
        {
            trainer.Add(de);
            trainer.Add(en);
        }
        return trainer.Train(vocabularySize);
    }
}
