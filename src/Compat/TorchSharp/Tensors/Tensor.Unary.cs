using TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        // One operand, element by element. A trailing underscore writes into the operand and returns it.
        public Tensor abs() => Wrap(NativeMethods.ct_abs(Handle), this);

        public Tensor abs_() => Self(NativeMethods.ct_abs_(Handle), this);

        public Tensor neg() => Wrap(NativeMethods.ct_neg(Handle), this);

        public Tensor neg_() => Self(NativeMethods.ct_neg_(Handle), this);

        public Tensor exp() => Wrap(NativeMethods.ct_exp(Handle), this);

        public Tensor exp_() => Self(NativeMethods.ct_exp_(Handle), this);

        public Tensor expm1() => Wrap(NativeMethods.ct_expm1(Handle), this);

        public Tensor expm1_() => Self(NativeMethods.ct_expm1_(Handle), this);

        public Tensor log() => Wrap(NativeMethods.ct_log(Handle), this);

        public Tensor log_() => Self(NativeMethods.ct_log_(Handle), this);

        public Tensor log2() => Wrap(NativeMethods.ct_log2(Handle), this);

        public Tensor log2_() => Self(NativeMethods.ct_log2_(Handle), this);

        public Tensor log10() => Wrap(NativeMethods.ct_log10(Handle), this);

        public Tensor log10_() => Self(NativeMethods.ct_log10_(Handle), this);

        public Tensor log1p() => Wrap(NativeMethods.ct_log1p(Handle), this);

        public Tensor log1p_() => Self(NativeMethods.ct_log1p_(Handle), this);

        public Tensor sqrt() => Wrap(NativeMethods.ct_sqrt(Handle), this);

        public Tensor sqrt_() => Self(NativeMethods.ct_sqrt_(Handle), this);

        public Tensor rsqrt() => Wrap(NativeMethods.ct_rsqrt(Handle), this);

        public Tensor rsqrt_() => Self(NativeMethods.ct_rsqrt_(Handle), this);

        public Tensor reciprocal() => Wrap(NativeMethods.ct_reciprocal(Handle), this);

        public Tensor reciprocal_() => Self(NativeMethods.ct_reciprocal_(Handle), this);

        public Tensor square() => Wrap(NativeMethods.ct_square(Handle), this);

        public Tensor sin() => Wrap(NativeMethods.ct_sin(Handle), this);

        public Tensor sin_() => Self(NativeMethods.ct_sin_(Handle), this);

        public Tensor cos() => Wrap(NativeMethods.ct_cos(Handle), this);

        public Tensor cos_() => Self(NativeMethods.ct_cos_(Handle), this);

        public Tensor tan() => Wrap(NativeMethods.ct_tan(Handle), this);

        public Tensor tan_() => Self(NativeMethods.ct_tan_(Handle), this);

        public Tensor asin() => Wrap(NativeMethods.ct_asin(Handle), this);

        public Tensor asin_() => Self(NativeMethods.ct_asin_(Handle), this);

        public Tensor acos() => Wrap(NativeMethods.ct_acos(Handle), this);

        public Tensor acos_() => Self(NativeMethods.ct_acos_(Handle), this);

        public Tensor atan() => Wrap(NativeMethods.ct_atan(Handle), this);

        public Tensor atan_() => Self(NativeMethods.ct_atan_(Handle), this);

        public Tensor sinh() => Wrap(NativeMethods.ct_sinh(Handle), this);

        public Tensor sinh_() => Self(NativeMethods.ct_sinh_(Handle), this);

        public Tensor cosh() => Wrap(NativeMethods.ct_cosh(Handle), this);

        public Tensor cosh_() => Self(NativeMethods.ct_cosh_(Handle), this);

        public Tensor tanh() => Wrap(NativeMethods.ct_tanh(Handle), this);

        public Tensor tanh_() => Self(NativeMethods.ct_tanh_(Handle), this);

        public Tensor sigmoid() => Wrap(NativeMethods.ct_sigmoid(Handle), this);

        public Tensor sigmoid_() => Self(NativeMethods.ct_sigmoid_(Handle), this);

        public Tensor relu() => Wrap(NativeMethods.ct_relu(Handle), this);

        public Tensor relu_() => Self(NativeMethods.ct_relu_(Handle), this);

        public Tensor sign() => Wrap(NativeMethods.ct_sign(Handle), this);

        public Tensor sign_() => Self(NativeMethods.ct_sign_(Handle), this);

        public Tensor floor() => Wrap(NativeMethods.ct_floor(Handle), this);

        public Tensor floor_() => Self(NativeMethods.ct_floor_(Handle), this);

        public Tensor ceil() => Wrap(NativeMethods.ct_ceil(Handle), this);

        public Tensor ceil_() => Self(NativeMethods.ct_ceil_(Handle), this);

        public Tensor trunc() => Wrap(NativeMethods.ct_trunc(Handle), this);

        public Tensor trunc_() => Self(NativeMethods.ct_trunc_(Handle), this);

        public Tensor frac() => Wrap(NativeMethods.ct_frac(Handle), this);

        public Tensor frac_() => Self(NativeMethods.ct_frac_(Handle), this);

        public Tensor erf() => Wrap(NativeMethods.ct_erf(Handle), this);

        public Tensor erf_() => Self(NativeMethods.ct_erf_(Handle), this);

        public Tensor logical_not() => Wrap(NativeMethods.ct_logical_not(Handle), this);

        public Tensor logical_not_() => Self(NativeMethods.ct_logical_not_(Handle), this);

        public Tensor bitwise_not() => Wrap(NativeMethods.ct_bitwise_not(Handle), this);

        public Tensor bitwise_not_() => Self(NativeMethods.ct_bitwise_not_(Handle), this);

        public Tensor isfinite() => Wrap(NativeMethods.ct_isfinite(Handle), this);

        public Tensor isnan() => Wrap(NativeMethods.ct_isnan(Handle), this);

        public Tensor isinf() => Wrap(NativeMethods.ct_isinf(Handle), this);
    }
}
