namespace TrainingCluster.Modeling.Scoring;

/// <summary>How BLEU cuts text into words, by sacreBLEU's names.</summary>
public enum BleuTokenization
{
    /// <summary>"13a": the rules of mteval-v13a, for languages with spaces between words.</summary>
    V13A,

    /// <summary>"zh": every Chinese character is a word, the rest as in 13a.</summary>
    Chinese,

    /// <summary>"char": every character is a word.</summary>
    Characters,

    /// <summary>"none": words are what stands between white space.</summary>
    None,
}
