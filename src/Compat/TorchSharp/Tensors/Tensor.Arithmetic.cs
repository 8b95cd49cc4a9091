using TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>How a quotient is rounded.</summary>
    public enum RoundingMode
    {
        None,
        trunc,
        floor,
    }

    public partial class Tensor
    {
        public Tensor add(Tensor target) => add(target, Scalar.One);

        /// <summary>this + alpha · target.</summary>
        public Tensor add(Tensor target, Scalar alpha) =>
            Wrap(NativeMethods.ct_add(Handle, target.Handle, alpha.Native), this, target);

        public Tensor add(Scalar scalar) => add(scalar, Scalar.One);

        public Tensor add(Scalar scalar, Scalar alpha) =>
            Wrap(NativeMethods.ct_add_scalar(Handle, scalar.Native, alpha.Native), this);

        public Tensor add_(Tensor target) => add_(target, Scalar.One);

        /// <summary>Adds alpha · target to this tensor in place.</summary>
        public Tensor add_(Tensor target, Scalar alpha) =>
            Self(NativeMethods.ct_add_(Handle, target.Handle, alpha.Native), this, target);

        public Tensor add_(Scalar scalar) => add_(scalar, Scalar.One);

        public Tensor add_(Scalar scalar, Scalar alpha) =>
            Self(NativeMethods.ct_add_scalar_(Handle, scalar.Native, alpha.Native), this);

        public Tensor sub(Tensor target) => Wrap(NativeMethods.ct_sub(Handle, target.Handle), this, target);

        public Tensor sub(Scalar target) => Wrap(NativeMethods.ct_sub_scalar(Handle, target.Native), this);

        public Tensor sub_(Tensor target) => Self(NativeMethods.ct_sub_(Handle, target.Handle), this, target);

        public Tensor sub_(Scalar target) => Self(NativeMethods.ct_sub_scalar_(Handle, target.Native), this);

        public Tensor div(Tensor target, RoundingMode rounding_mode = RoundingMode.None) =>
            Wrap(NativeMethods.ct_div(Handle, target.Handle, (int)rounding_mode), this, target);

        public Tensor div(Scalar target, RoundingMode rounding_mode = RoundingMode.None) =>
            Wrap(NativeMethods.ct_div_scalar(Handle, target.Native, (int)rounding_mode), this);

        public Tensor div_(Tensor target, RoundingMode rounding_mode = RoundingMode.None) =>
            Self(NativeMethods.ct_div_(Handle, target.Handle, (int)rounding_mode), this, target);

        public Tensor div_(Scalar target, RoundingMode rounding_mode = RoundingMode.None) =>
            Self(NativeMethods.ct_div_scalar_(Handle, target.Native, (int)rounding_mode), this);

        /// <summary>this + value · tensor1 · tensor2.</summary>
        public Tensor addcmul(Tensor tensor1, Tensor tensor2, Scalar value) =>
            Wrap(NativeMethods.ct_addcmul(Handle, tensor1.Handle, tensor2.Handle, value.Native), this, tensor1, tensor2);

        public Tensor addcmul_(Tensor tensor1, Tensor tensor2, Scalar value) =>
            Self(NativeMethods.ct_addcmul_(Handle, tensor1.Handle, tensor2.Handle, value.Native), this, tensor1, tensor2);

        /// <summary>this + value · tensor1 / tensor2.</summary>
        public Tensor addcdiv(Tensor tensor1, Tensor tensor2, Scalar value) =>
            Wrap(NativeMethods.ct_addcdiv(Handle, tensor1.Handle, tensor2.Handle, value.Native), this, tensor1, tensor2);

        public Tensor addcdiv_(Tensor tensor1, Tensor tensor2, Scalar value) =>
            Self(NativeMethods.ct_addcdiv_(Handle, tensor1.Handle, tensor2.Handle, value.Native), this, tensor1, tensor2);

        /// <summary>this + weight · (end − this).</summary>
        public Tensor lerp(Tensor end, Tensor weight) =>
            Wrap(NativeMethods.ct_lerp(Handle, end.Handle, weight.Handle), this, end, weight);

        public Tensor lerp_(Tensor end, Tensor weight) =>
            Self(NativeMethods.ct_lerp_(Handle, end.Handle, weight.Handle), this, end, weight);

        public Tensor matmul(Tensor target) => Wrap(NativeMethods.ct_matmul(Handle, target.Handle), this, target);

        public Tensor mm(Tensor target) => Wrap(NativeMethods.ct_mm(Handle, target.Handle), this, target);

        public Tensor mv(Tensor target) => Wrap(NativeMethods.ct_mv(Handle, target.Handle), this, target);

        public Tensor bmm(Tensor batch2) => Wrap(NativeMethods.ct_bmm(Handle, batch2.Handle), this, batch2);

        public Tensor dot(Tensor target) => Wrap(NativeMethods.ct_dot(Handle, target.Handle), this, target);

        public Tensor outer(Tensor vec2) => Wrap(NativeMethods.ct_outer(Handle, vec2.Handle), this, vec2);

        /// <summary>beta · this + alpha · mat1 · mat2.</summary>
        public Tensor addmm(Tensor mat1, Tensor mat2, float beta = 1, float alpha = 1) =>
            Wrap(NativeMethods.ct_addmm(Handle, mat1.Handle, mat2.Handle, beta, alpha), this, mat1, mat2);

        public Tensor addmm_(Tensor mat1, Tensor mat2, float beta = 1, float alpha = 1) =>
            Self(NativeMethods.ct_addmm_(Handle, mat1.Handle, mat2.Handle, beta, alpha), this, mat1, mat2);

        public Tensor baddbmm(Tensor batch1, Tensor batch2, float beta = 1, float alpha = 1) =>
            Wrap(NativeMethods.ct_baddbmm(Handle, batch1.Handle, batch2.Handle, beta, alpha), this, batch1, batch2);

        public Tensor clamp(Scalar? min = null, Scalar? max = null) => Clamp(min, max, 0);

        public Tensor clamp_(Scalar? min = null, Scalar? max = null) => Clamp(min, max, 1);

        public Tensor clamp(Tensor? min = null, Tensor? max = null) =>
            Wrap(NativeMethods.ct_clamp_tensor(Handle, min?.Handle ?? 0, max?.Handle ?? 0, 0), this, min, max);

        public Tensor clamp_(Tensor? min = null, Tensor? max = null) =>
            Self(NativeMethods.ct_clamp_tensor(Handle, min?.Handle ?? 0, max?.Handle ?? 0, 1), this, min, max);

        public Tensor clamp_min(Scalar min) => Clamp(min, null, 0);

        public Tensor clamp_min_(Scalar min) => Clamp(min, null, 1);

        public Tensor clamp_max(Scalar max) => Clamp(null, max, 0);

        public Tensor clamp_max_(Scalar max) => Clamp(null, max, 1);

        private Tensor Clamp(Scalar? min, Scalar? max, int inplace)
        {
            var which = (min is null ? 0 : 1) | (max is null ? 0 : 2);
            var result = NativeMethods.ct_clamp(Handle, which, (min ?? Scalar.One).Native, (max ?? Scalar.One).Native, inplace);
            return inplace == 0 ? Wrap(result, this) : Self(result);
        }

        public Tensor round(long decimals = 0L)
        {
            if (decimals != 0)
                throw new NotSupportedException("round to other than whole numbers is not supported: scale, round, scale back");
            return Wrap(NativeMethods.ct_round(Handle), this);
        }
    }
}
